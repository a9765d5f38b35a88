# shellcheck shell=bash
# Sourced after lib.sh by scripts/release and release-c, with their arguments: what they publish, where, and as of when.

[ $# = 1 ] || [ $# = 2 ] || die "usage: ${0##*/} VERSION [DIR]"
version=$1
grep -qE '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$' <<<"$version" || die "version $version: expected 1.2.3 or 1.2.3-rc1"
dir=${2:-dist/$version${suffix:-}}
read -ra packages <<<"${PACKAGES-deb rpm apk}"
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null)}"
[ "$SOURCE_DATE_EPOCH" ] || die "no commit here: set SOURCE_DATE_EPOCH"
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
mkdir -p "$dir" && [ -z "$(ls -A "$dir")" ] || die "$dir: expected an empty directory"
dir=$(cd "$dir" && pwd)
maintainer=${PRNGD_MAINTAINER:-prngd developers <prngd@example.org>}

day() { date -u -d "@$SOURCE_DATE_EPOCH" "$@"; }
press() { gzip -9n; }
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm
debian_changelog() {
	press <<-END
		$1 (${version/-/\~}-1) unstable; urgency=medium

		  * See changelog.gz.

		 -- $maintainer  $(day -R)
	END
}
sums() {
	(cd "$dir" && sha256sum -- * >"$T/sums" && mv "$T/sums" SHA256SUMS) || die "cannot write SHA256SUMS"
	ls -l "$dir"
}
