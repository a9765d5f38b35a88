# shellcheck shell=bash
# Hosts of network, mount and process namespaces, with wires between them.
# `on "$near" COMMAND...` runs there, with $T in its PATH. They end with the script.

need_root "mount and network namespaces do"
need ip iproute2
unshare -mnpf true 2>"$T/refused" || skip "no namespaces can be made here: $(cat "$T/refused")"

# host PID-VARIABLE: a host with a /run and a /dev/null of its own, and no network yet.
host() {
	unshare -mnpf --kill-child --mount-proc sh -c 'mount -t tmpfs -o mode=755 none /run && ip link set lo up && mkdir /run/sshd && touch /run/up && sleep infinity' &
	local outer=$! inner
	later eval "{ kill -KILL $outer; wait $outer; } 2>/dev/null"
	booted() { inner=$(cat "/proc/$outer/task/$outer/children") && inner=${inner% } && [ -e "/proc/$inner/root/run/up" ]; }
	await 10 booted || die "no host could be made"
	printf -v "$1" %s "$inner"
}
on() { local pid=$1 && shift && nsenter -t "$pid" -m -n -p env PATH="$T:$PATH:/usr/sbin:/sbin" LC_ALL=C "$@"; }
# addresses HOST DEVICE ADDRESS...: the device has them, and is up.
addresses() {
	local address
	for address in "${@:3}"; do on "$1" ip address add "$address" dev "$2" nodad 2>"$T/refused" || die "no address $address: $(cat "$T/refused")"; done
	on "$1" ip link set "$2" up
}
# wire NAME HOST HOST: each has one end of it, a device of that name.
wire() { ip link add name "$1" netns "$2" type veth peer name "$1" netns "$3" 2>"$T/refused" || skip "no wire between namespaces: $(cat "$T/refused")"; }
