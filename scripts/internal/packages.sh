# shellcheck shell=bash
# Tests of packages, and of the services that they bring in a Debian of their own.

# released VERSION: what scripts/release makes of it for this processor, in $T/VERSION. A run of scripts/test makes it once.
export SOURCE_DATE_EPOCH=1767225600
released() {
	if [ ! -e "$run_dir/releases/$1" ]; then
		TARGETS=linux/$(go env GOARCH) scripts/release "$1" "$T/$1" >"$T/release-$1.log" 2>&1 || die "$(cat "$T/release-$1.log")"
		mkdir -p "$run_dir/releases" && mv "$T/$1" "$run_dir/releases/" || exit 1
	fi
	cp -r "$run_dir/releases/$1" "$T/"
}
# listed WHAT FILE...: all of it is in the list on standard input.
listed() {
	local what=$1 file
	shift
	cat >"$T/list"
	for file; do grep -qE "(^|[ /])$file( |$)" "$T/list" || complain "$what has no $file"; done
}

# linted DIR: lintian finds nothing in the debs there. It fails where there is no lintian.
linted() {
	local runner=()
	want lintian lintian lintian || return
	is_root && (need setpriv util-linux) >/dev/null && runner=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 "$T" "$1"
	(cd "$1" && HOME=/nonexistent "${runner[@]}" lintian --fail-on error,warning --tag-display-limit 0 ./*.deb) >"$T/lintian" 2>&1 ||
		complain "$(cat "$T/lintian")"
}

# unpack_debian NAME [PACKAGE...]: this machine's release into $R, minimal but for the packages. It is made once and
# kept under NAME. Skips without network.
R=$T/debian
unpack_debian() {
	local suite cache name=$1
	need debootstrap debootstrap
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/prngd-tools/$suite-$name.tar
	mkdir -p "${cache%/*}" "$R"
	if [ -s "$cache" ]; then
		tar -C "$R" --numeric-owner -xpf "$cache" || die "cannot unpack $cache"
		return
	fi
	shift
	if ! debootstrap --variant=minbase ${1:+--include="$(IFS=, && echo "$*")"} "$suite" "$R" >"$T/debootstrap" 2>&1; then
		tail -n 5 "$T/debootstrap"
		skip "debootstrap could not make a $suite"
	fi
	rm -rf "$R"/var/cache/apt/archives/*.deb "$R"/var/lib/apt/lists/*
	tar -C "$R" --numeric-owner -cf "$cache.$$" . && mv "$cache.$$" "$cache"
}
# live_debian: what a daemon needs to run in there.
live_debian() {
	mount -t proc proc "$R/proc" || skip "cannot mount /proc in a chroot"
	later umount "$R/proc"
	for n in null:3 urandom:9; do [ -c "$R/dev/${n%:*}" ] || mknod -m 666 "$R/dev/${n%:*}" c 1 "${n#*:}"; done
}

# inside COMMAND...: runs it in that Debian. step COMMAND...: the same, and it must succeed; its output is in $T/step.
enter=(chroot "$R")
inside() { "${enter[@]}" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
step() { inside "$@" >"$T/step" 2>&1 </dev/null || complain "$*: exit $?: $(cat "$T/step")"; }

# rc EXPECTED VERB...: the exit status of "${service[@]}" VERB, of one after the other; what the last said is in $said.
rc() {
	local got
	while [ $# -gt 0 ]; do
		"${service[@]}" "$2" >"$T/said" 2>&1 </dev/null # a daemon that holds a pipe would keep us waiting
		got=$?
		said=$(cat "$T/said")
		[ $got = "$1" ] || complain "$2: exit $got, expected $1: $said"
		shift 2
	done
}

# restarts_in_place PATH: the daemon at that socket, of process $pid, which is the same afterwards.
restarts_in_place() {
	hold "$1" || complain "no answer before the restart"
	rc 0 restart
	grep -q 'in place' <<<"$said" || complain "restart: $said"
	[ "$("$T/egdquery" -s "$1" pid)" = "$pid" ] || complain "restart in place made another process"
	held || complain "a connection from before the restart is not served after it"
}

# A client on a connection of its own, of packaging/hold: `hold PATH` begins, and each `held` asks once more.
hold() {
	build -C packaging ./hold
	coproc client { exec "$T/hold" "$1"; }
	answered
}
held() { echo >&"${client[1]}" && answered; }
answered() { read -r -t 10 -u "${client[0]}" answer && [ "$answer" = ok ]; }

# upgraded_in_place PATH COMMAND...: /new.deb of version 0.9.1 takes the place of process $pid, as COMMAND says, under a
# connection from before to the socket PATH. egdquery returns when the preflight has succeeded; the exec is yet to come.
upgraded_in_place() {
	hold "$1" || complain "no answer before the upgrade"
	step dpkg -i /new.deb
	[ "$("${@:2}")" = "$pid" ] && inside sh -c "kill -0 $pid" || complain "the upgrade of the package ended process $pid"
	held || complain "a connection from before the upgrade is not served after it"
	if grep -q 'has been upgraded in place' "$T/step"; then
		await 10 runs_new && held || complain "upgraded: $(inside egdquery status 2>&1 | head -n 1)"
		figure "upgraded in place: process $pid is 0.9.1 now and serves a connection from before"
	else
		missed "upgrade in place: $(inside egdquery upgrade 2>&1 | tail -n 1)"
		grep -q 'could not be upgraded in place' "$T/step" || complain "the package does not say that the old daemon goes on: $(cat "$T/step")"
	fi
}
runs_new() { inside egdquery status 2>/dev/null | grep -q '^prngd 0\.9\.1,'; }

# answers WHEN: the daemon serves what runs `inside`. A level asked for too early would be 0; bytes are waited for.
answers() {
	[ "$(inside egdquery -s /run/egd-pool -t 15 readb 16 2>"$T/why" | wc -c)" = 16 ] &&
		[ "$(inside egdquery -s /run/egd-pool get 2>"$T/why")" = 8192 ] || complain "$1: no answer: $(cat "$T/why")"
}
