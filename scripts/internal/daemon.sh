# shellcheck shell=bash
# A running daemon: prngd ($PRNGD may name another binary), in the jail with $PRNGD_JAIL's options if that is set. With
# $PRNGD_RELAY, which is then a Perl, it listens on TCP, and contrib/egd-relay where its clients expect it.

[ -z "${PRNGD_RELAY:-}" ] || need perl perl
build . ./cmd/egdquery ./scripts/internal/egdcount
[ "$(uname -s)" != Linux ] || build ./scripts/jail ./scripts/jail/probe
prngd=${PRNGD:-$T/prngd}
run_daemon=("$prngd")
[ -z "${PRNGD_JAIL:-}" ] || read -ra run_daemon <<<"$T/jail $PRNGD_JAIL $prngd"

# Its own configuration: what the machine has in /etc and /run is not to be tested.
export PRNGD_STATUS=$T/status.sock
echo "status $PRNGD_STATUS" >"$T/prngd.conf"
run_daemon+=(-f -c "$T/prngd.conf" -n)

# start_daemon ADDRESS...: in the foreground, as a child of ours, its log in $T/prngd.log.
start_daemon() {
	[ -z "${PRNGD_RELAY:-}" ] || { start_egd_relay "$@" && set -- "tcp/localhost:$((wire + 1))"; }
	spawn "$T/prngd.log" "${run_daemon[@]}" "$@"
	daemon=$spawned
}
await_daemon() { await 15 "$T/egdquery" wait -t 1s >/dev/null 2>&1 || die "the daemon is not seeded: $(cat "$T/prngd.log")"; }
upgrade() { "$T/egdquery" upgrade >"$T/out" 2>&1 || die "no upgrade: $(cat "$T/out")"; }

# start_egd_relay ADDRESS...: unless it is there. Between it and the daemon, every reply is cut in two.
start_egd_relay() {
	[ -z "$wire" ] || return 0
	wire=$((20000 + RANDOM % 12000))
	spawn "$T/wire.log" "$T/egdcount" -listen "tcp/127.0.0.1:$wire" -to "tcp/localhost:$((wire + 1))" -halve
	spawn "$T/egd-relay.log" "$PRNGD_RELAY" -w contrib/egd-relay -f -u "127.0.0.1:$wire" "$@"
	through=", through egd-relay with Perl $("$PRNGD_RELAY" -e 'print $]') and a wire that cuts replies in two"
}
wire='' through=''

# start_relay ADDRESS TO [OPTION...]: counts at ADDRESS, a path or tcp/127.0.0.1:PORT, what goes to the daemon at TO;
# returns once that is seeded.
start_relay() {
	local to=$2 listens=(test -S "$1")
	[[ $1 != tcp/* ]] || listens=(listening "${1##*:}")
	await 15 eval '[ "$("$T/egdquery" -t 1 -s "$to" get 2>/dev/null)" = 8192 ]' || die "the daemon is not seeded: $(cat "$T/prngd.log")"
	spawn "$T/relay.log" "$T/egdcount" -listen "$1" -to "$2" "${@:3}"
	relay=$spawned
	await 15 "${listens[@]}" || die "the relay could not listen: $(cat "$T/relay.log")"
}

# counts: the relay's summary by now, as shell variables requests=, bytes=, ...
counts() {
	local lines
	lines=$(wc -l <"$T/relay.log")
	kill -USR1 "$relay" || die "the relay is gone"
	await 5 eval '[ "$(wc -l <"$T/relay.log")" -gt '"$lines"' ]' || die "the relay does not answer"
	eval "$(tail -n 1 "$T/relay.log")"
}
# counted COMPARISON...: what it has counted are whole replies and nothing else, and each comparison of bash's holds.
counted() {
	local comparison
	for comparison in 'short + split + unknown + stray == 0' "$@"; do
		((comparison)) || die "expected $comparison: $(tail -n 1 "$T/relay.log")"
	done
}

# record PATH TO: a door at PATH to the socket TO; what came out of it is in $T/record.
record() {
	need socat socat
	spawn "$T/record.log" socat -t 30 -R "$T/record" "UNIX-LISTEN:$1,fork,mode=666" "UNIX-CONNECT:$2"
	await 10 test -S "$1" || die "the recorder could not listen: $(cat "$T/record.log")"
}
