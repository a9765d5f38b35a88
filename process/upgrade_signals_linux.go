package process

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wordBits is the size of a word in a signal set.
const wordBits = 8 * int(unsafe.Sizeof(unix.Sigset_t{}.Val[0]))

func setOf(signals []os.Signal) (set unix.Sigset_t) {
	for _, s := range signals {
		n := int(s.(syscall.Signal)) - 1
		set.Val[n/wordBits] |= 1 << (n % wordBits)
	}
	return set
}

// holdSignals keeps signals from every thread, so that those which come are
// still there for the program that follows. Those that came before have been
// delivered to the channels of this one when it returns. Without it a signal
// would fall between two programs: to an old handler whose program is gone, or
// to the default of the new one, which is to die.
func holdSignals(signals []os.Signal) (release func(), err error) {
	set := setOf(signals)
	if err := maskAll(unix.SIG_BLOCK, &set); err != nil {
		return nil, fmt.Errorf("holding signals: %w", err)
	}
	// What Stop does with its channel is of no interest; that it waits for the
	// delivery of what was caught is.
	settled := make(chan os.Signal, len(signals))
	signal.Notify(settled, signals...)
	signal.Stop(settled)
	return func() { maskAll(unix.SIG_UNBLOCK, &set) }, nil
}

// maskAll changes the mask of all threads, or with cgo, where Go cannot reach
// them, of this one.
func maskAll(how uintptr, set *unix.Sigset_t) error {
	const kernelSet = 8 // bytes of the kernel's sigset_t, NSIG 64
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(set)), 0, kernelSet, 0, 0)
	runtime.KeepAlive(set)
	if errors.Is(errno, unix.ENOTSUP) {
		return unix.PthreadSigmask(int(how), set, nil)
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// CleanSignals calls start, which starts a program, so that this has no signal
// blocked. After [Program.Exec] the threads of a Go program have some blocked,
// without harm to itself; but what it starts would inherit that, and a shell
// could no longer be ended by SIGTERM.
func CleanSignals(start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var none, old unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &none, &old); err != nil {
		return fmt.Errorf("unblocking signals: %w", err)
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
	return start()
}

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(&b[0]) }
