// Package hostenv removes from the environment the variables that point
// gopsutil at files other than this machine's.
//
// It acts when it is imported, because gopsutil's package cpu already reads
// HOST_PROC/stat when it is initialised: a pipe of that name would stop the
// program before main. A context with common.EnvKey comes too late for that.
// The order is certain: Go initialises the first package, by import path, whose
// imports are initialised. This one imports syscall only. gopsutil needs
// package time, which also waits for syscall, and "prngd" sorts before "time".
// So it must import nothing more.
package hostenv

import "syscall"

func init() {
	for _, name := range [...]string{
		"HOST_PROC", "HOST_SYS", "HOST_ETC", "HOST_VAR", "HOST_RUN", "HOST_DEV", "HOST_ROOT", "HOST_PROC_MOUNTINFO",
	} {
		// It fails for a malformed name only.
		_ = syscall.Unsetenv(name)
	}
}
