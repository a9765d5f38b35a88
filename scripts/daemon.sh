# shellcheck shell=bash
# Sourced after lib.sh by scripts that need a running daemon. It builds what they
# use from here: prngd (unless $PRNGD names a binary), egdcount, and the jail if
# $PRNGD_JAIL holds options for it: the daemon then runs in there. With $PRNGD_RELAY,
# which is then a Perl, the daemon listens on TCP, and contrib/egd-relay where its
# clients expect it.

tools=(./scripts/internal/egdcount)
[ "$(uname -s)" != Linux ] || tools+=(./scripts/jail ./scripts/jail/probe)
[ -n "${PRNGD:-}" ] || tools+=(.)
build "${tools[@]}"
prngd=${PRNGD:-$T/prngd}
run_daemon=("$prngd")
[ -z "${PRNGD_JAIL:-}" ] || read -ra run_daemon <<<"$T/jail $PRNGD_JAIL $prngd"

# Its own configuration: what the machine has in /etc and /run is not to be tested.
echo "status $T/status.sock" >"$T/prngd.conf"
run_daemon+=(-f -c "$T/prngd.conf" -n)

# start_daemon ADDRESS...: in the foreground, as a child of ours, its log in $T/prngd.log.
start_daemon() {
	[ -z "${PRNGD_RELAY:-}" ] || { start_egd_relay "$@" && set -- "tcp/localhost:$((wire + 1))"; }
	"${run_daemon[@]}" "$@" >>"$T/prngd.log" 2>&1 &
	daemon=$!
	later end "$daemon"
}

# start_egd_relay ADDRESS...: unless it is there. Between it and the daemon, every reply is cut in two.
start_egd_relay() {
	[ -z "$wire" ] || return 0
	wire=$((20000 + RANDOM % 12000))
	"$T/egdcount" -listen "tcp/127.0.0.1:$wire" -to "tcp/localhost:$((wire + 1))" -halve >>"$T/wire.log" 2>&1 &
	later end $!
	"$PRNGD_RELAY" -w contrib/egd-relay -f -u "127.0.0.1:$wire" "$@" >>"$T/egd-relay.log" 2>&1 &
	later end $!
	through=", through egd-relay with Perl $("$PRNGD_RELAY" -e 'print $]') and a wire that cuts replies in two"
}
wire='' through=''

# start_relay PATH|ADDRESS ADDRESS [OPTION...]: counts there what goes to the daemon at ADDRESS; returns once that is seeded.
start_relay() {
	"$T/egdcount" -listen "$1" -to "$2" "${@:3}" >>"$T/relay.log" 2>&1 &
	relay=$!
	later end "$relay"
	await 15 relay_listens "$1" || die "the daemon was not seeded, or the relay could not listen: $(cat "$T/relay.log" "$T/prngd.log")"
}
relay_listens() { [ -S "$1" ] || { [ "${1#tcp/}" != "$1" ] && listening "${1##*:}"; }; }
start_tcp_relay() { start_relay "tcp/127.0.0.1:$1" "$2"; }

# counts: the relay's summary by now, as shell variables requests=, bytes=, ...
counts() {
	local lines
	lines=$(wc -l <"$T/relay.log")
	kill -USR1 "$relay" || die "the relay is gone"
	await 5 eval '[ "$(wc -l <"$T/relay.log")" -gt '"$lines"' ]' || die "the relay does not answer"
	eval "$(tail -n 1 "$T/relay.log")"
}
