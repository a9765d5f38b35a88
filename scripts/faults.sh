# shellcheck shell=bash
# Sourced after lib.sh by the scripts in faults.d. Each is a story: a daemon serves,
# something breaks, a well-behaved client asks as before, and in the end the seed
# on the disk is one that the next daemon counts.

need_linux
# One build does for all stories of a run.
if [ -e "$run_dir/faults-built" ]; then
	cp "$run_dir/faults-built/prngd" "$run_dir/faults-built/egdquery" "$T/"
else
	build . ./cmd/egdquery
	[ "$run_dir" = "$T" ] || { mkdir "$run_dir/faults-built.new" && cp "$T/prngd" "$T/egdquery" "$run_dir/faults-built.new/" && mv "$run_dir/faults-built.new" "$run_dir/faults-built"; }
fi
egd=$T/egd seed=$T/seed log=$T/log

# configure LINE...: what the daemon of this story is told beside its own paths.
configure() {
	{
		echo "seed-credit yes"
		echo "status $T/status.sock"
		printf '%s\n' "$@"
	} >"$T/prngd.conf"
}

# begin [COMMAND...]: starts the daemon, run by COMMAND, and returns once it is seeded and has saved that.
begin() {
	"$@" "$T/prngd" -f -c "$T/prngd.conf" -s "$seed" -p "$T/pid" "$egd" >>"$log" 2>&1 &
	daemon=$!
	later end "$daemon"
	await 20 query health >/dev/null || { tail -n 5 "$log"; die "the daemon does not come up"; }
}

query() { timeout 10 "$T/egdquery" --status "$T/status.sock" "$@" 2>"$T/said"; }
# field JQ-LIKE-NAME: the first value of that name in the status.
field() { query --json status | grep -m 1 -o "\"$1\": *[^,}]*" | sed 's/^[^:]*: *//; s/^"//; s/"$//'; }
logged() { grep -qE "$1" "$log"; }

# served: what a well-behaved client sees: 255 of 255 bytes on a new connection.
served() {
	timeout 10 "$T/egdquery" -s "$egd" readb 255 >"$T/bytes" 2>"$T/said" || { cat "$T/said"; return 1; }
	[ "$(wc -c <"$T/bytes")" = 255 ]
}

# stopped: ends the daemon as its users do; the seed must be one that counts: by the next daemon's word, 256 bits.
stopped() {
	end "$daemon"
	counts_as_seed || die "the seed is not what the next daemon counts"
}
counts_as_seed() {
	case $(stat -c '%s %a' "$seed") in
	'512 600' | '1024 600') ;; # written as a new file, or in place
	*) ls -l "$seed"; return 1 ;;
	esac
	cp "$seed" "$T/next-seed"
	printf 'seed-credit yes\nstatus %s\n' "$T/next-status" >"$T/next.conf"
	"$T/prngd" -f -c "$T/next.conf" -s "$T/next-seed" "$T/next" >"$T/next.log" 2>&1 &
	local next=$! bits
	later end "$next"
	await 10 grep -q 'seed saved' "$T/next.log" || { cat "$T/next.log"; return 1; }
	bits=$("$T/egdquery" --status "$T/next-status" --json status | sed -n '/"seed": *{/,/}/s/.*"credited_bits": *\([0-9]*\).*/\1/p')
	end "$next"
	[ "$bits" = 256 ] || { echo "the next daemon counts ${bits:-no} bits of it: $(cat "$T/next.log")"; return 1; }
}
