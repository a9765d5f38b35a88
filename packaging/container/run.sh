# shellcheck shell=bash
# Sourced after lib.sh by tests that run containers without an engine, as root: images by
# packaging/container/build in $T/images, bundles by umoci, the runtime is runc.
# $T/node stands for a Kubernetes node.

need umoci umoci
need runc runc
need jq jq
need nsenter util-linux
declare -A runner
container_id() { echo "prngd-test-$$-$1"; }

# bundle NAME IMAGE: $T/bundles/NAME is a bundle of the image alone.
bundle() {
	mkdir -p "$T/bundles" && umoci --log error unpack --image "$T/images/$2:latest" "$T/bundles/$1" || die "umoci cannot unpack the image $2"
}
# pod_container FILE NAME IMAGE: a bundle of a container of a manifest.
pod_container() {
	bundle "$2" "$3"
	"$T/pod" bundle "packaging/kubernetes/$1" "$2" "$T/node" "$T/bundles/$2" || exit 1
}
# runtime_default: gives the node the filter of system calls that buildah, podman and CRI-O have for a container
# without capabilities, as RuntimeDefault means it. Fails where there is none.
runtime_default() {
	local arch
	arch=$(go env GOARCH)
	mkdir -p "$T/node"
	[ "$arch" = amd64 ] && jq --arg arch "$arch" '{defaultAction, defaultErrnoRet, architectures: ["SCMP_ARCH_X86_64"], syscalls: [.syscalls[]
		| select(.includes.caps == null and (.includes.arches == null or (.includes.arches | index($arch))))
		| {names, action} + if .args then {args} else {} end + if .errnoRet then {errnoRet} else {} end]}' \
		/usr/share/containers/seccomp.json >"$T/seccomp.json" && mv "$T/seccomp.json" "$T/node/"
}
# change NAME FILTER: the bundle's configuration, by jq.
change() {
	jq "$2" "$T/bundles/$1/config.json" >"$T/config.json" && mv "$T/config.json" "$T/bundles/$1/config.json" || die "cannot change the bundle $1"
}
# once NAME: runs it to its end; exit status and output are the container's.
once() {
	later eval "runc delete -f $(container_id "$1") 2>/dev/null"
	timeout 30 runc run --bundle "$T/bundles/$1" "$(container_id "$1")" </dev/null
}
# start NAME: runs it in the background, its log in $T/NAME.log; sets $pid to its first process.
start() {
	local id
	id=$(container_id "$1")
	runc run --bundle "$T/bundles/$1" "$id" </dev/null >>"$T/$1.log" 2>&1 &
	runner[$1]=$!
	later eval "runc delete -f $id 2>/dev/null"
	await 10 eval '[ "$(runc state '"$id"' 2>/dev/null | jq -r .status)" = running ]' || die "the container $1 does not run: $(cat "$T/$1.log")"
	pid=$(runc state "$id" | jq .pid)
}
# stop NAME SIGNAL: and waits for its end; exit status is the container's.
stop() {
	runc kill "$(container_id "$1")" "$2" || return
	wait "${runner[$1]}"
}
# has PID FIELD PATTERN: of /proc/PID/status.
has() { grep -qE "^$2:[[:space:]]*$3$" "/proc/$1/status" || die "process $1 should have $2 $3, has $(grep "^$2:" "/proc/$1/status")"; }
