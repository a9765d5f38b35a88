# shellcheck shell=bash
# Sourced after lib.sh by the scripts in interop.d: their configurations are what
# docs/recipes shows, word for word but for the path of the socket.

# block NAME LANGUAGE [N]: the N-th block (1) in that language of docs/recipes/NAME.md.
block() {
	awk -v open="\`\`\`$2" -v nth="${3:-1}" '
		$0 == open { inside = ++n == nth; next }
		/^```$/ { inside = 0 }
		inside { print; found = 1 }
		END { exit !found }' "docs/recipes/$1.md" || die "docs/recipes/$1.md has no block ${3:-1} in $2"
}
# recipe NAME LANGUAGE [N]: the same; where it says /run/egd-pool, the relay's $T/egd-pool is meant.
recipe() {
	local text
	text=$(block "$@") || exit 1
	echo "${text//\/run\/egd-pool/$T/egd-pool}"
}
# configured NAME: the options that docs/recipes/NAME.md gives to configure.
configured() {
	local text
	text=$(block "$1" configure) || exit 1
	echo "${text#* }"
}

# record PATH TO: a door at PATH to the socket TO; what came out of it is in $T/record.
record() {
	need socat socat
	socat -t 30 -R "$T/record" "UNIX-LISTEN:$1,fork,mode=666" "UNIX-CONNECT:$2" 2>>"$T/record.log" &
	later end $!
	await 10 test -S "$1" || { cat "$T/record.log"; die "the recorder could not listen"; }
}

# "${own_run[@]}" COMMAND...: COMMAND sees $T/run as /run, for clients that look at fixed places only.
own=(unshare -m)
is_root || own=(unshare -rm)
own_run=("${own[@]}" sh -c 'mount --bind "$0" /run && exec "$@"' "$T/run")
mkdir "$T/run"
may_own_run() { "${own_run[@]}" true 2>/dev/null; }
