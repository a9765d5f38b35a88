package gatherers

import "golang.org/x/sys/unix"

// netbsdProof asks the kernel how much it lacks; NetBSD 9 has no such variable.
func netbsdProof() proof {
	if needed, err := unix.SysctlUint32("kern.entropy.needed"); err != nil || needed != 0 {
		return unproven
	}
	return seeded
}
