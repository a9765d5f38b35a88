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
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

type options struct {
	errno      syscall.Errno
	noAtRandom bool
	fixed      bool
	inside     bool // this process is already in the namespace and turns into the program
	program    []string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("jail: ")
	o, err := parse()
	if err != nil {
		log.Print(err)
		os.Exit(64)
	}
	// Namespace, filter and ptrace belong to one thread, not to the process.
	runtime.LockOSThread()
	if o.inside {
		log.Fatal(o.become())
	}
	status, err := o.run()
	if err != nil {
		log.Fatal(err)
	}
	os.Exit(status)
}

func parse() (options, error) {
	o := options{}
	name := flag.String("errno", "ENOSYS", "what getrandom says: ENOSYS or EPERM")
	flag.BoolVar(&o.fixed, "fixed", false, "getrandom gives the same bytes in every jail")
	flag.BoolVar(&o.noAtRandom, "no-at-random", false, "take away the kernel's 16 bytes beside the arguments")
	flag.BoolVar(&o.inside, "inside", false, "internal: the second half of a start")
	flag.Parse()
	o.program = flag.Args()
	o.errno = map[string]syscall.Errno{"ENOSYS": unix.ENOSYS, "EPERM": unix.EPERM}[*name]
	switch {
	case o.errno == 0:
		return o, fmt.Errorf("-errno %s: want ENOSYS or EPERM", *name)
	case len(o.program) == 0:
		return o, errors.New("no program given")
	}
	return o, nil
}

// run starts the second half in its namespace, waits for the program that it becomes, and returns its exit status, as
// a shell does.
func (o options) run() (int, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"-inside"}, os.Args[1:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// Unshareflags makes every mount private too, so nothing we mount is seen outside.
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2)
	if err := o.start(cmd); err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	if err := cmd.Wait(); cmd.ProcessState == nil {
		return 0, err
	}
	w := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if w.Signaled() {
		return 128 + int(w.Signal()), nil
	}
	return w.ExitStatus(), nil
}

// start returns when the child has what it needs of this process.
func (o options) start(cmd *exec.Cmd) (err error) {
	serve := func() error { return nil }
	if o.fixed {
		if serve, err = fixedRandom(cmd); err != nil {
			return err
		}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = serve()
	if err == nil && o.noAtRandom {
		err = takeRandom(cmd.Process.Pid)
	}
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
	}
	return err
}
