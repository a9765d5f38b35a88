//go:build !aix && !solaris

package commands

import "golang.org/x/sys/unix"

// limitProcesses bounds how many the user may have.
func limitProcesses(most int) { limit(unix.RLIMIT_NPROC, most) }
