# shellcheck shell=bash
# Sourced by scripts/test, by its parts and by the other scripts here. It is for bash.
#
# Afterwards: the working directory is the repository, $T is a directory of our own
# that goes away at exit, and `later COMMAND...` adds what else is to be undone then.

set -uo pipefail
umask 022 # other users execute and read some of what the tests make
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

undo=()
later() { undo+=("$(printf '%q ' "$@")"); }
at_exit() {
	local status=$? i
	trap '' INT TERM HUP
	for ((i = ${#undo[@]} - 1; i >= 0; i--)); do eval "${undo[i]}"; done
	exit "$status"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

T=$(mktemp -d "${TMPDIR:-/tmp}/prngd-test.XXXXXX") || exit 1
later rm -rf "$T"

# Go needs a home for its caches; without one, they live as long as this run.
if [ ! -d "${HOME:-}" ] || [ ! -w "${HOME:-}" ]; then
	export HOME=$T/home GOFLAGS="${GOFLAGS:-} -modcacherw"
	mkdir "$HOME" && unset XDG_CACHE_HOME GOCACHE GOPATH GOMODCACHE
fi
# Everything is built in one way, that of a release: then each package is compiled once. Left out of cli/v2: man
# pages from Markdown, whose tables take a millisecond of every start.
PATH=$PATH:/usr/sbin:/sbin
export CGO_ENABLED=${CGO_ENABLED:-0} GOFLAGS="${GOFLAGS:-} -buildvcs=false -trimpath -tags=urfave_cli_no_docs"

# What is kept between the parts of one scripts/test run.
run_dir=${PRNGD_TEST_RUN:-$T}
mkdir -p "$run_dir/programs"

die() { echo "$*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; } # 77 is automake's convention
# scripts/test shows figures under the part's line even when all is well, and lists what was missed.
figure() { echo "figure: $*"; }
missed() { echo "missed: $*"; }
# complain WHAT: something is wrong, and the part goes on. finish FIGURE ends it; the figure is of a part without complaints.
status=0
complain() { echo "$*"; status=1; }
finish() { [ $status = 0 ] && figure "$*"; exit $status; }
is_root() { [ "$(id -u)" = 0 ]; }
need_linux() { [ "$(uname -s)" = Linux ] || skip "needs Linux"; }
need_root() { need_linux && { is_root || skip "needs root${1:+ ($1)}"; }; }

# need PROGRAM PACKAGE...: have PROGRAM, from Debian's PACKAGE if need be and if scripts/test was told to install.
need() {
	[ $# = 2 ] || need "${@:3}"
	command -v "$1" >/dev/null && return
	[ "${PRNGD_TEST_INSTALL:-}" ] || skip "no $1 here, which Debian's package $2 has; with PRNGD_TEST_INSTALL=1 it is installed"
	command -v apt-get >/dev/null || skip "no $1 here, and no apt-get"
	is_root || skip "no $1 here, and only root could install $2"
	install_packages "$2" || skip "no $1 here, and apt-get could not install $2"
	command -v "$1" >/dev/null || skip "Debian's $2 brought no $1"
}
# want WHAT PROGRAM PACKAGE...: the same for what a part can do without: then WHAT is missed.
want() {
	(need "${@:2}") >"$T/need" 2>&1 || { missed "$1: $(tail -n 1 "$T/need")"; return 1; }
}
need_openssl_headers() {
	[ -e /usr/include/openssl/core_dispatch.h ] || (is_root && install_packages libssl-dev) >"$T/need" ||
		skip "no headers of OpenSSL 3 here: $(tail -n 1 "$T/need")"
}

# use NAME...: sources these libraries, scripts/internal/NAME.sh, each once.
used=
use() {
	local name
	for name; do
		[[ " $used " != *" $name "* ]] || continue
		used+=" $name"
		. "scripts/internal/$name.sh" || exit 1
	done
}

# A package's service is not to be started just because a test wants its program: policy-rc.d forbids it meanwhile.
install_packages() (
	[ "${PRNGD_TEST_INSTALL:-}" ] || { echo "not installed: $*"; return 1; }
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
		trap 'rm -f $policy' EXIT
	fi
	export DEBIAN_FRONTEND=noninteractive
	echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
	get() { apt-get -qq -o DPkg::Lock::Timeout=60 install -y --no-install-recommends "$@" </dev/null; }
	get "$@" >"$T/apt" 2>&1 && return
	if [ ! -e "$run_dir/apt-updated" ]; then
		touch "$run_dir/apt-updated"
		apt-get -qq -o DPkg::Lock::Timeout=60 update >>"$T/apt" 2>&1
		get "$@" >>"$T/apt" 2>&1 && return
	fi
	tail -n 5 "$T/apt"
	return 1
)

# build [-C DIR] PACKAGE...: static programs of this module, or that in DIR, into $T, each named after its directory; the
# daemon is prngd. A run of scripts/test links each program once.
build() {
	local module=. package program
	[ "$1" != -C ] || { module=$2 && shift 2; }
	for package; do
		program=${package##*/}
		[ "$package" != . ] || program=prngd
		if [ -e "$run_dir/programs/$program" ]; then
			cp "$run_dir/programs/$program" "$T/" || exit 1
			continue
		fi
		CGO_ENABLED=0 go build -C "$module" -o "$T/" "$package" || die "cannot build $package"
		cp "$T/$program" "$T/.linked" && mv "$T/.linked" "$run_dir/programs/$program" || exit 1 # never seen half written
	done
}

# elsewhere: a copy of the tree in $T/elsewhere. When a file was written is none of the source, so the copy has another time.
elsewhere() {
	mkdir "$T/elsewhere"
	tar -cf - --exclude=./.git --exclude=./dist . | tar -C "$T/elsewhere" -xf -
	find "$T/elsewhere" -exec touch -d 2001-01-01 {} +
}

# await SECONDS COMMAND...: until COMMAND succeeds, asking ten times a second. The seconds are those of a quiet machine:
# a busy one gets ten times as many.
await() {
	local n=$(($1 * 100))
	shift
	until "$@"; do
		[ $((n -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}

# free_port: a port of 127.0.0.1 that nobody listens on.
free_port() {
	local port try
	for try in $(seq 50); do
		port=$((20000 + RANDOM % 12000))
		listening "$port" || { echo "$port"; return; }
	done
	die "no free port in $try attempts"
}
listening() { grep -qs "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") 0*:0000 0A" /proc/net/tcp /proc/net/tcp6; }

# spawn LOG COMMAND...: in the background until the script ends, its output added to LOG; $spawned is its pid.
spawn() {
	"${@:2}" >>"$1" 2>&1 </dev/null &
	spawned=$!
	later end "$spawned"
}

# end PID: SIGTERM, and SIGKILL after ten seconds; only for children of this shell.
end() {
	kill "$1" 2>/dev/null || return 0
	await 1 eval "! kill -0 $1 2>/dev/null" || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# How the tests run on Linux: as they are, and by scripts/emulated; 386 is in both. The rest is only compiled.
run_natively="amd64 386" run_emulated="arm64 arm riscv64 s390x"

# targets: the systems in scripts/targets, one GOOS/GOARCH a line.
targets() { grep -v '^#' scripts/targets | tr -s ' ' '\n'; }
