# shellcheck shell=bash
# Sourced after lib.sh by scripts that need a running daemon. It builds what they
# use from here: prngd (unless $PRNGD names a binary), egdcount, and the jail if
# $PRNGD_JAIL holds options for it: the daemon then runs in there.

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
	"${run_daemon[@]}" "$@" >>"$T/prngd.log" 2>&1 &
	daemon=$!
	later end "$daemon"
}

# start_relay PATH ADDRESS [OPTION...]: counts at PATH what goes to the daemon at ADDRESS; returns once that is seeded.
start_relay() {
	local path=$1 to=$2
	shift 2
	"$T/egdcount" -listen "$path" -to "$to" "$@" >>"$T/relay.log" 2>&1 &
	relay=$!
	later end "$relay"
	if ! await 15 test -S "$path"; then
		cat "$T/relay.log" "$T/prngd.log"
		die "the daemon was not seeded, or the relay could not listen"
	fi
}

# counts: the relay's summary by now, as shell variables requests=, bytes=, ...
counts() {
	local lines
	lines=$(wc -l <"$T/relay.log")
	kill -USR1 "$relay" || die "the relay is gone"
	await 5 eval '[ "$(wc -l <"$T/relay.log")" -gt '"$lines"' ]' || die "the relay does not answer"
	eval "$(tail -n 1 "$T/relay.log")"
}
