# shellcheck shell=bash
# Sources and packages from Debian, not installed. What is fetched, unpacked and built stays in $cache, and is used again
# until that directory is deleted. The mirror is the one that this machine uses, unless $DEBIAN_MIRROR names another; its
# list of sources is not changed.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/prngd-interop
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' | head -n 1)}
mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial" || die "cannot make $cache"

# kept NAME STAMP COMMAND...: sets $dir to $cache/NAME, which COMMAND has filled for that stamp, now or before, while no other
# run did. The lock is not handed on to what COMMAND starts.
kept() {
	dir=$cache/$1
	done_for "$2" && return
	exec 9>"$cache/lock" && flock 9
	if ! done_for "$2"; then
		rm -rf "$dir" && mkdir "$dir" && "${@:3}"
		echo "$2" >"$dir/done"
	fi
	exec 9>&-
}
done_for() { [ -e "$dir/done" ] && [ "$(cat "$dir/done")" = "$1" ]; }

# private apt-get|apt-cache ARGUMENT...: apt with lists of our own.
private() {
	local tool=$1
	shift
	"$tool" -q -o Dir::Etc::SourceList="$cache/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$cache/apt/lists" -o Dir::Cache="$cache/apt" -o Dir::Cache::archives="$cache/apt/archives" \
		-o APT::Sandbox::User="$(id -un)" "$@" 9>&-
}

# lists: have the lists, once for each run of a script.
lists() {
	local suite s
	[ ! -e "$T/lists" ] || return 0
	command -v apt-get >/dev/null || skip "no apt-get here to fetch $1"
	[ "$mirror" ] || skip "apt-get knows no Debian mirror to fetch $1 from: apt-get update may help"
	suite=$(. /etc/os-release && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}")
	[ "$suite" ] || skip "not Debian: no source for $1"
	for s in deb deb-src; do
		echo "$s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
	done >"$cache/apt/sources.list"
	private apt-get update >"$T/apt" 2>&1 || { tail -n 5 "$T/apt"; skip "cannot reach $mirror for $1"; }
	touch "$T/lists"
}

# unpacked NAME: sets $dir to the unpacked source package NAME, and $version to its version.
unpacked() { fetched "$1-source" "$1" fetch_source; }
fetch_source() {
	private apt-get source --download-only "$1" && dpkg-source -x ./*.dsc tree 9>&- && sed -n 's/^Version: //p' ./*.dsc >version
}
# extracted PACKAGE: sets $dir to the extracted, not installed, binary package, and $version to its version.
extracted() { fetched "$1-package" "$1" fetch_package; }
fetch_package() {
	local deb=$1
	[[ "$1" != linux-image-*amd64 ]] || deb=$(private apt-cache depends "$1" | sed -n 's/^ *Depends: //p') # what the name stands for
	private apt-get download "$deb" && dpkg-deb -x ./*.deb tree && dpkg-deb -f ./*.deb Version >version && rm ./*.deb
}
fetched() {
	kept "$1" '' fetch "$2" "$3"
	version=$(cat "$dir/version")
	dir=$dir/tree
}
fetch() {
	[ "$2" != fetch_source ] || need dpkg-source dpkg-dev
	lists "$1"
	(cd "$dir" && "$2" "$1") >"$T/apt" 2>&1 || { tail -n 5 "$T/apt"; skip "cannot fetch Debian's $1"; }
}

# compile NAME COMMANDS: runs the shell text COMMANDS in $cache/NAME-build, at low priority, unless just that is done. Sets $dir.
compile() { kept "$1-build" "$2" run_build "$2"; }
run_build() {
	need gcc gcc make make
	(cd "$dir" && nice bash -euc "$1") >"$dir.log" 2>&1 9>&- </dev/null || { tail -n 20 "$dir.log"; die "cannot build: see $dir.log"; }
}
