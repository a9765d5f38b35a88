package prng

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Quiet is a time in which no signal interrupts the calling thread, which its
// goroutine keeps meanwhile. A signal that comes while secrets are in registers
// saves them where nobody clears: in its frame, and, if it is the one with which
// the runtime preempts goroutines, in memory of the runtime's own.
//
// Collector and scheduler wait for the next function call instead; signals that
// are for the whole process go to another thread.
type Quiet struct{ before unix.Sigset_t }

// signals are those that a busy process gets. Those of faults, profilers and of
// system calls for all threads stay.
var signals = []unix.Signal{
	unix.SIGURG, unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2,
	unix.SIGCHLD, unix.SIGWINCH, unix.SIGCONT, unix.SIGALRM, unix.SIGIO,
}

// BeginQuiet begins a quiet time for the calling goroutine. It costs a system
// call, as does its End, and allocates nothing.
func BeginQuiet() (q Quiet) {
	runtime.LockOSThread()
	var set unix.Sigset_t
	const bits = 8 * int(unsafe.Sizeof(set.Val[0]))
	for _, s := range signals {
		set.Val[(int(s)-1)/bits] |= 1 << ((int(s) - 1) % bits)
	}
	unix.PthreadSigmask(unix.SIG_BLOCK, &set, &q.before) // fails for no valid set
	return q
}

// End wipes the registers and ends the quiet time.
func (q *Quiet) End() {
	WipeRegisters()
	unix.PthreadSigmask(unix.SIG_SETMASK, &q.before, nil)
	runtime.UnlockOSThread()
}
