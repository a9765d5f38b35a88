# Sourced after scripts/lib.sh by tests that need a Debian of their own.

# unpack_debian DIR NAME [PACKAGE...]: this machine's release into DIR, minimal but
# for the packages. It is made once and kept under NAME. Skips without network.
unpack_debian() {
	local dir=$1 suite cache name=$2
	shift 2
	need debootstrap debootstrap
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/prngd-tools/$suite-$name.tar
	mkdir -p "${cache%/*}" "$dir"
	if [ -s "$cache" ]; then
		tar -C "$dir" --numeric-owner -xpf "$cache" || die "cannot unpack $cache"
		return
	fi
	local include
	include=$(IFS=, && echo "$*")
	if ! debootstrap --variant=minbase ${include:+--include="$include"} "$suite" "$dir" >"$T/debootstrap" 2>&1; then
		tail -n 5 "$T/debootstrap"
		skip "debootstrap could not make a $suite"
	fi
	rm -rf "$dir"/var/cache/apt/archives/*.deb "$dir"/var/lib/apt/lists/*
	tar -C "$dir" --numeric-owner -cf "$cache.$$" . && mv "$cache.$$" "$cache"
}

# A client on a connection of its own, of packaging/hold: `hold PATH` begins, and
# each `held` asks once more.
hold() {
	(cd packaging && go build -o "$T/" ./hold) || die "cannot build hold"
	coproc client { exec "$T/hold" "$1"; }
	answered
}
held() { echo >&"${client[1]}" && answered; }
answered() { read -r -t 10 -u "${client[0]}" answer && [ "$answer" = ok ]; }

# answers WHEN: the daemon serves what runs `inside`. A level asked for too early would be 0; bytes are waited for.
answers() {
	[ "$(inside egdquery -s /run/egd-pool -t 15 readb 16 2>"$T/why" | wc -c)" = 16 ] &&
		[ "$(inside egdquery -s /run/egd-pool get 2>"$T/why")" = 8192 ] || complain "$1: no answer: $(cat "$T/why")"
}
