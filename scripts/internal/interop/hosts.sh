# shellcheck shell=bash
# Sourced after lib.sh: two hosts of network, mount and process namespaces, with a wire between them.
# `on "$near" COMMAND...` runs there, with $T in its PATH. They end with the script.

need_linux
need_root "mount and network namespaces do"
need ip iproute2
unshare -mnpf true 2>"$T/refused" || skip "no namespaces can be made here: $(cat "$T/refused")"

# host PID-VARIABLE: a host with a /run and a /dev/null of its own, and no network yet.
host() {
	unshare -mnpf --kill-child --mount-proc sh -c 'mount -t tmpfs -o mode=755 none /run && ip link set lo up && mkdir /run/sshd && touch /run/up && sleep 600' &
	local outer=$! inner
	later eval "{ kill -KILL $outer; wait $outer; } 2>/dev/null"
	booted() { inner=$(cat "/proc/$outer/task/$outer/children") && inner=${inner% } && [ -e "/proc/$inner/root/run/up" ]; }
	await 10 booted || die "no host could be made"
	printf -v "$1" %s "$inner"
}
on() { local pid=$1 && shift && nsenter -t "$pid" -m -n -p env PATH="$T:$PATH:/usr/sbin:/sbin" LC_ALL=C "$@"; }
# wire NEAR FAR: 192.0.2.1 and 192.0.2.7.
wire() {
	ip link add name wire netns "$1" type veth peer name wire netns "$2" 2>"$T/refused" || skip "no wire between namespaces: $(cat "$T/refused")"
	on "$1" sh -c 'ip address add 192.0.2.1/24 dev wire && ip link set wire up' && on "$2" sh -c 'ip address add 192.0.2.7/24 dev wire && ip link set wire up' ||
		die "no addresses for the wire"
}
