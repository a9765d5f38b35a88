# shellcheck shell=bash
# Sourced after lib.sh by tests of packages.

# listed WHAT FILE...: all of it is in the list on standard input.
listed() {
	local what=$1 file
	shift
	cat >"$T/list"
	for file; do grep -qE "(^|[ /])$file( |$)" "$T/list" || complain "$what has no $file"; done
}

# linted: lintian finds nothing in the debs in $T/dist. It fails where there is no lintian.
linted() {
	local runner=()
	(need lintian lintian) >"$T/need" || { missed "lintian: $(tail -n 1 "$T/need")"; return 1; }
	is_root && (need setpriv util-linux) >/dev/null && runner=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 "$T" "$T/dist"
	(cd "$T/dist" && HOME=/nonexistent "${runner[@]}" lintian --fail-on error,warning --tag-display-limit 0 ./*.deb) >"$T/lintian" 2>&1 ||
		complain "$(cat "$T/lintian")"
}
