package process

import "syscall"

// AwaitSignalHandlers returns when no thread is at the beginning of a signal handler
// that it had entered before. Call it before an exec, which kills all other threads:
// on a busy machine one may have lost the processor there, where neither the kernel
// has the signal any more nor package os/signal has it yet. A handler blocks all
// signals, so that a thread which has made a system call for us is in none. A program
// with cgo cannot have its threads do that.
func AwaitSignalHandlers() { syscall.AllThreadsSyscall(syscall.SYS_GETPID, 0, 0, 0) }
