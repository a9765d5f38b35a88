//go:build linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"prngd/scripts/internal/auxv"
)

// takeRandom waits until the child, which asked to be traced, has executed the
// program and stands before its first instruction; takes AT_RANDOM away; lets it go.
func takeRandom(pid int) error {
	for {
		var w unix.WaitStatus
		// Not Wait4(pid): until execve the traced thread may be another than the first.
		tid, err := unix.Wait4(-1, &w, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("waiting for execve: %w", err)
		case !w.Stopped():
			return fmt.Errorf("the child ended before execve (status %#x)", uint32(w))
		case w.StopSignal() == unix.SIGTRAP && tid == pid:
			if err := remove(pid); err != nil {
				return err
			}
			return unix.PtraceDetach(pid)
		}
		// A signal on its way to the child, from its own runtime, say.
		if err := unix.PtraceCont(tid, int(w.StopSignal())); err != nil {
			return fmt.Errorf("resuming the child: %w", err)
		}
	}
}

func remove(pid int) error {
	v, err := auxv.Open(pid)
	if err != nil {
		return err
	}
	defer v.Close()
	return v.Remove()
}
