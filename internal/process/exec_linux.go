package process

import (
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Exec is [syscall.Exec], and loses no signal that is to end the process. The Go
// runtime handles such a signal on any thread, and raises it again if the program
// does not want it; execve(2) kills that thread, perhaps between the two. Of the
// SIGTERMs of the last 0.6 ms before an exec 2.5 % were lost that way. So the kernel
// gets those signals back before, and is the one that ends the process.
func Exec(path string, argv, environ []string) error {
	defer releaseFatal()()
	return syscall.Exec(path, argv, environ)
}

// fatal are the signals by which people and supervisors end a process.
var fatal = []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}

// releaseFatal gives the signals in fatal their default action in the kernel, until
// restore is called. When it returns no thread is in a handler of theirs any more.
// What is ignored stays so. Process 1 keeps its handlers, since the kernel drops
// signals of the default action for it.
func releaseFatal() (restore func()) {
	var undo []func()
	for _, sig := range fatal {
		if os.Getpid() != 1 && !signal.Ignored(sig) {
			var dfl, old action
			setAction(sig, &dfl, &old)
			undo = append(undo, func() { setAction(sig, &old, nil) })
		}
	}
	// A handler runs with all signals blocked, that of psx among them.
	psx.Syscall3(unix.SYS_GETPID, 0, 0, 0)
	return func() {
		for _, f := range undo {
			f()
		}
	}
}

// action is a struct sigaction of the kernel. All zero it is SIG_DFL on every
// architecture, and none has more than 40 bytes.
type action [8]uint64

// setAction is rt_sigaction(2). It cannot fail for a valid signal.
func setAction(sig unix.Signal, next, old *action) {
	signals := uintptr(64)
	if strings.HasPrefix(runtime.GOARCH, "mips") {
		signals = 128
	}
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(next)), uintptr(unsafe.Pointer(old)), signals/8, 0, 0)
}
