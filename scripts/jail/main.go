//go:build linux

// Command jail runs a program on a Linux that offers no random bytes.
//
//	jail [-errno ENOSYS|EPERM] [-fixed] [-no-at-random] PROGRAM [ARGUMENT...]
//
// The program sees a mount namespace of its own in which /dev holds null and
// nothing else, and /proc/sys/kernel/random nothing at all; getrandom(2) fails
// with the given error by a seccomp filter (the vDSO's getrandom asks the same
// system call for its key, so it fails too); and AT_RANDOM, the 16 random bytes
// beside a program's arguments, can be taken away before its first instruction,
// as if on AIX (glibc crashes without them, static Go programs do not). With -fixed
// getrandom succeeds instead, and gives every jail the same bytes in the same order,
// and /dev has the kernel's log as well. The program keeps everything else, so others reach its sockets where they are. Needs root. The
// exit status is the program's.
package main

import (
	"flag"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("jail: ")
	name := flag.String("errno", "ENOSYS", "what getrandom says: ENOSYS or EPERM")
	fixed := flag.Bool("fixed", false, "getrandom gives the same bytes in every jail")
	noAtRandom := flag.Bool("no-at-random", false, "take away the kernel's 16 bytes beside the arguments")
	flag.Parse()
	errno := map[string]syscall.Errno{"ENOSYS": unix.ENOSYS, "EPERM": unix.EPERM}[*name]
	if errno == 0 || flag.NArg() == 0 {
		log.Print("expected [-errno ENOSYS|EPERM] [-fixed] [-no-at-random] PROGRAM [ARGUMENT...]")
		os.Exit(64)
	}
	// Namespace and filter belong to this thread, and to the program that it starts. Go makes no thread from a locked one.
	runtime.LockOSThread()
	check(hideDevices(*fixed))
	if *fixed {
		listener, err := filterGetrandom(unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
		check(err)
		go answerAll(listener)
	} else {
		_, err := filterGetrandom(unix.SECCOMP_RET_ERRNO|uint32(errno), 0)
		check(err)
	}
	os.Exit(run(*noAtRandom, flag.Args()))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// run starts the program, hands signals on to it, and returns its exit status, as a shell does.
func run(noAtRandom bool, program []string) int {
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: noAtRandom, Pdeathsig: unix.SIGKILL}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2)
	check(cmd.Start())
	if noAtRandom {
		check(takeRandom(cmd.Process.Pid))
	}
	go func() {
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	if err := cmd.Wait(); cmd.ProcessState == nil {
		log.Fatal(err)
	}
	w := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if w.Signaled() {
		return 128 + int(w.Signal())
	}
	return w.ExitStatus()
}
