package commands

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// settle is how long Reap leaves a dead child to the code that started it: nearly
// always the child is reaped by then, and Reap has nothing to find out.
const settle = time.Second

// patience is the number of looks, settle apart and without a death in between,
// after which every child that is still dead is an orphan. os/exec waits for its
// children from their first moment, and needs less than one.
const patience = 5

// Reap reaps, until ctx ends, the dead orphans that a container's pid 1 or a
// caller of [AdoptOrphans] inherits: what the commands leave behind.
//
// A child that os/exec started must be left to os/exec, or its Wait fails.
// These are known by a pidfd: Go opens one with each child (Linux 5.4) and
// closes it when it has waited. So a dead child without one is an orphan.
// Where there are no pidfds or no /proc nothing can be told apart, and orphans
// wait until nobody has died for a while.
func Reap(ctx context.Context) {
	deaths := make(chan os.Signal, 1)
	signal.Notify(deaths, unix.SIGCHLD)
	defer signal.Stop(deaths)
	u := reaper{owned: haveDescriptorOf}
	for again, died := true, false; ; {
		if !again {
			select {
			case <-ctx.Done():
				return
			case <-deaths:
				died = true
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settle):
		}
		select {
		case <-deaths:
			died = true
		default:
		}
		again, died = u.look(died), false
	}
}

// reaper reaps orphans.
type reaper struct {
	owned func(pid int) (bool, error) // whether os/exec waits for it
	quiet int                         // looks since somebody died
}

// look reaps dead orphans until there are none or until it meets a dead child
// that somebody waits for, or may wait for. That one hides those behind it, so it
// reports whether to look again. died says that somebody has since the last look.
func (u *reaper) look(died bool) (again bool) {
	u.quiet++
	if died {
		u.quiet = 0
	}
	for {
		pid := firstDead()
		if pid == 0 {
			return false
		}
		owned, err := u.owned(pid)
		if err != nil {
			owned = u.quiet < patience
		}
		if owned {
			return true
		}
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err != nil {
			return false
		}
	}
}

// firstDead returns the pid of a child that is dead and not waited for, and
// leaves it so; 0 if there is none.
func firstDead() int {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0
		}
		// waitid(2) fills si_pid, the first word of a union that is aligned
		// like a pointer and follows three words. x/sys leaves it unnamed.
		const pointer = unsafe.Sizeof(uintptr(0))
		const at = (3*4 + pointer - 1) / pointer * pointer
		return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), at)))
	}
}

// haveDescriptorOf reports whether one of our descriptors is a pidfd of pid.
func haveDescriptorOf(pid int) (bool, error) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return false, err
	}
	defer self.Release()
	if err := self.WithHandle(func(uintptr) {}); err != nil {
		return false, err // os.ErrNoHandle: Go uses no pidfds here
	}
	const dir = "/proc/self/fdinfo"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	line := fmt.Appendf(nil, "\nPid:\t%d\n", pid) // proc_pid_fdinfo(5)
	for _, entry := range entries {
		info, err := os.ReadFile(dir + "/" + entry.Name())
		if err == nil && bytes.Contains(info, line) {
			return true, nil
		}
	}
	return false, nil
}
