//go:build unix && !linux

package process

import "syscall"

// Exec is [syscall.Exec].
func Exec(path string, argv, environ []string) error { return syscall.Exec(path, argv, environ) }
