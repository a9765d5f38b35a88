# shellcheck shell=bash
# Debian's own programs, unmodified, in a world without random bytes (scripts/jail) where /etc/ssl/openssl.cnf is what
# docs/recipes/openssl.md shows, and contrib/openssl's module is installed. Their /run is $T/run, where the relay counts.

need_root "mount namespaces do"
need gcc gcc make make openssl openssl pkg-config pkgconf
need_openssl_headers
use daemon recipe
modules=$(pkg-config --variable=libdir libcrypto)/ossl-modules
[ -d "$modules" ] && [ -e /etc/ssl/openssl.cnf ] || skip "no $modules or no /etc/ssl/openssl.cnf"

built=$run_dir/provider # once for all parts of a run
if [ ! -e "$built" ]; then
	cp -r contrib/libegd contrib/openssl "$T" && make -s -C "$T/libegd" libegd-preload.so && make -s -C "$T/openssl" || die "the provider does not build"
	mkdir "$T/provider.new" && mv "$T/libegd/libegd-preload.so" "$T/openssl/egd.so" "$T/provider.new" && mv "$T/provider.new" "$built" || exit 1
fi
cp -r "$modules" "$T/modules" && cp "$built/egd.so" "$T/modules" && cp "$built/libegd-preload.so" "$T" || exit 1
preload=$T/libegd-preload.so

block openssl openssl.cnf 1 >"$T/seed.cnf" && block openssl openssl.cnf 2 >"$T/random.cnf" || exit 1
sed '/^\[random_sect\]/,$d; /^random =/d' "$T/seed.cnf" >"$T/without.cnf" # the provider is loaded, and not chosen
chmod 755 "$T" "$T/run"
mkdir "$T/run/sshd"

# inside CONFIGURATION COMMAND...: in the jail, with that openssl.cnf.
enter=("$T/jail" sh -c 'mount --bind "$0/run" /run && mount --bind "$0/modules" "$1" && mount --bind "$0/$2" /etc/ssl/openssl.cnf && shift 2 && exec "$@"'
	"$T" "$modules")
inside() { "${enter[@]}" "$@"; }
# serve CONFIGURATION PORT COMMAND...: the same as a child of ours, $server, with its output in $T/server.log; fails unless it listens.
serve() {
	"${enter[@]}" "$1" "${@:3}" >"$T/server.log" 2>&1 </dev/null &
	server=$!
	later end "$server"
	await 20 eval "listening $2 || ! kill -0 $server 2>/dev/null" && listening "$2"
}
"$T/jail" true 2>"$T/refused" || skip "no jail can be made here: $(cat "$T/refused")"

# begin: a daemon, and the relay that counts where the programs look for it.
begin() {
	start_daemon "$T/prngd-socket"
	start_relay "$T/run/egd-pool" "$T/prngd-socket"
	mark
}
# mark: what passes from now on, the next `took` counts.
mark() { counts && before=$bytes; }
world="no /dev/urandom, getrandom refused"
# took NAME LEAST: how many bytes passed since the last of these, which must be LEAST or more.
took() {
	local now
	counts
	now=$((bytes - before))
	before=$bytes
	[ "$now" -ge "$2" ] || die "$1 took $now bytes from us, expected at least $2"
	counted readsome==requests
	figure "$1, $world: $now bytes"
}
# served NAME N LEAST AFTER COMMAND...: COMMAND succeeds N times, and N times after an upgrade of the daemon, which takes so many
# bytes. What it says is in the files "${logs[@]}".
logs=("$T/session" "$T/server.log")
served() {
	local least i when=
	for least in "$3" "$4"; do
		for i in $(seq "$2"); do "${@:5}" || die "$1$when, time $i: $(tail -n 20 "${logs[@]}")"; done
		took "$1$when" "$least"
		[ "$when" ] || upgrade
		when=" after an upgrade"
	done
}
# away NAME LEAST LOG COMMAND...: without the daemon COMMAND fails, as LOG says, and nothing else; after its restart it takes LEAST bytes.
away() {
	end "$daemon"
	refuses "$1 without the daemon" "${@:4}"
	grep -q 'no random bytes from the EGD socket' "$3" || die "no clear error: $(tail -n 5 "$3")"
	start_daemon "$T/prngd-socket"
	await_daemon
	"${@:4}" || die "$1 after a restart: $(tail -n 20 "${logs[@]}")"
	took "$1 after a restart, without which there was an error" "$2"
}
# refuses NAME COMMAND...: it must fail, and say what.
refuses() {
	"${@:2}" >"$T/out" 2>&1 </dev/null && die "$1 succeeds: $(head -c 300 "$T/out")"
	return 0
}
