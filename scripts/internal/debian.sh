# shellcheck shell=bash
# Sources and packages from Debian, not installed. What is fetched, unpacked and built stays in $cache, and is used again
# until that directory is deleted. The mirror is the one that this machine uses, unless $DEBIAN_MIRROR names another; its
# list of sources is not changed.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/prngd-interop
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' | head -n 1)}
mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial" || die "cannot make $cache"

# kept NAME FROM COMMAND...: sets $dir to $cache/NAME. Unless it was made from FROM already, COMMAND makes it, in it, while no
# other run fetches or builds. The lock, descriptor 9, is not handed on to what COMMAND starts.
kept() {
	local from=$2
	dir=$cache/$1
	is_made() { [ -e "$dir/done" ] && [ "$(cat "$dir/done")" = "$from" ]; }
	is_made && return
	exec 9>"$cache/lock" && flock 9
	if ! is_made; then
		rm -rf "$dir"
		mkdir "$dir"
		"${@:3}"
		echo "$from" >"$dir/done"
	fi
	exec 9>&-
}

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
unpacked() {
	kept "$1-source" "" fetch_source "$1"
	version=$(cat "$dir/version")
	dir=$dir/tree
}
fetch_source() {
	need dpkg-source dpkg-dev
	lists "$1"
	(cd "$dir" && private apt-get source --download-only "$1" && dpkg-source -x ./*.dsc tree 9>&-) >"$T/apt" 2>&1 ||
		{ tail -n 5 "$T/apt"; skip "cannot fetch Debian's source of $1"; }
	sed -n 's/^Version: //p' "$dir"/*.dsc >"$dir/version"
}

# extracted PACKAGE: sets $dir to the extracted, not installed, binary package, and $version to its version.
extracted() {
	kept "$1-package" "" fetch_package "$1"
	version=$(cat "$dir/version")
	dir=$dir/tree
}
fetch_package() {
	local deb=$1
	lists "$1"
	[[ "$1" != linux-image-*amd64 ]] || deb=$(private apt-cache depends "$1" | sed -n 's/^ *Depends: //p') # what the name stands for
	(cd "$dir" && private apt-get download "$deb") >"$T/apt" 2>&1 || { tail -n 5 "$T/apt"; skip "cannot fetch Debian's $1"; }
	deb=$(echo "$dir"/*.deb)
	dpkg-deb -x "$deb" "$dir/tree" && dpkg-deb -f "$deb" Version >"$dir/version" && rm "$deb" || die "cannot unpack $deb"
}

# compile NAME COMMANDS: sets $dir to $cache/NAME-build, where the shell text COMMANDS was run, at low priority.
compile() { kept "$1-build" "$2" run_build "$2"; }
run_build() {
	need gcc gcc make make
	(cd "$dir" && nice bash -euc "$1") >"$dir.log" 2>&1 9>&- </dev/null || { tail -n 20 "$dir.log"; die "cannot build: see $dir.log"; }
}
