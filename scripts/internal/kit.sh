# shellcheck shell=bash
# Sourced by scripts/entropy, which has built $T/prngd: writes an assessment kit.

# machine: what an entropy figure depends on, and nothing that names the host.
machine() {
	uname -srm | sed "s,-[^ ]*,,"
	sed -n '/^model name\|^Model\|^Hardware/{s/[[:space:]]*:/:/;p}' /proc/cpuinfo | sort | uniq -c
	lscpu 2>/dev/null | grep -E '^(L[123]|Hypervisor|Virtualization)' || true
	echo "clocksource: $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource 2>/dev/null || echo unknown)"
	echo "virtualization: $(systemd-detect-virt 2>/dev/null || true)"
	echo "load: $(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || uptime)"
	go version
	"$1" --version
}

# kit DIRECTORY COUNT: raw samples, COUNT of them and 1000 of each restart, what NIST's programs say of them, and checksums. Without
# the programs the samples are written all the same.
kit() {
	local dir=$1 count=$2 prngd=$T/prngd i h sums
	[ ! -e "$dir" ] || die "$dir exists"
	mkdir -p "$dir" && cd "$dir" || exit 1
	machine "$prngd" >machine.txt
	"$prngd" --sample jitter --count "$count" >jitter.raw || die "no samples of jitter"
	for ((i = 0; i < 1000; i++)); do "$prngd" --sample jitter --count 1000; done >restarts.raw || die "no samples after a restart"
	sums=(machine.txt jitter.raw restarts.raw)
	if command -v ea_non_iid >/dev/null && command -v ea_restart >/dev/null; then
		ea_non_iid -v jitter.raw 8 >jitter.txt || die "the estimator fails: $(cat jitter.txt)"
		h=$(awk '/^min\(H_original/ { print $NF }' jitter.txt)
		ea_restart -v restarts.raw 8 "$h" >restarts.txt || echo "ea_restart fails: see restarts.txt" >&2
		sums+=(jitter.txt restarts.txt)
	else
		echo "NIST's programs are not in PATH: there are samples and no estimate" >&2
	fi
	sha256sum "${sums[@]}" >SHA256SUMS && gzip -9 -n jitter.raw restarts.raw || exit 1
	tar -cf "$dir.tar" -C "$(dirname "$dir")" "$(basename "$dir")" && echo "$dir.tar"
}
