package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// readyVariable tells a background child which pipe its report goes to. Its
	// value is the pid of the parent: one left over from elsewhere names
	// somebody who is not our parent, and so does nothing.
	readyVariable = "PRNGD_READY"
	// readyFD is where the child finds the writing end of the pipe: the
	// first descriptor that os/exec passes on beside the standard three.
	readyFD = 3
	// readyReport is what the child says once its sockets answer.
	readyReport = "ready\n"
)

// Background starts this program again, with argv, in a session of its own,
// and returns when that child has called Ready (exit 0) or has ended. A child
// that ended with a status other than 0 has said why on our standard error:
// its status comes back without an error. An error comes with exit 1. No process
// of the same user can read the child's memory, see [Origin.Conceal]; where that
// cannot be made, it starts without.
//
// It executes again because a Go program cannot fork: the threads of the
// runtime would be missing in the child.
func Background(origin Origin, argv []string) (exit int, err error) {
	path, done, err := origin.concealed()
	defer done()
	if err != nil || path == "" {
		path, err = Program()
	}
	if err != nil {
		return 1, err
	}
	reports, theirs, err := os.Pipe()
	if err != nil {
		return 1, fmt.Errorf("making a pipe for the background process: %w", err)
	}
	defer reports.Close()
	child := exec.Cmd{
		Path: path, Args: argv,
		Env:   append(Unsupervised(), readyVariable+"="+strconv.Itoa(os.Getpid()), origin.Variable()),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		ExtraFiles:  []*os.File{theirs},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	keepDescriptors()
	err = child.Start()
	theirs.Close() // the child's copy is the only one now: its end is our EOF
	if err != nil {
		return 1, fmt.Errorf("starting the background process: %w", err)
	}
	return await(&child, reports)
}

// Unsupervised returns the environment of this process without the variables of a
// supervisor, which has started this process, if any, and would watch it and not a
// child.
func Unsupervised() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == notifySocket || name == "WATCHDOG_USEC" || name == "WATCHDOG_PID"
	})
}

// keepDescriptors lets the child have none of the descriptors that we were
// started with but the standard three. A daemon that held the pipe of a package
// manager or of an ssh session would keep those waiting for ever. They may have
// any number, also beyond today's limit of open files.
func keepDescriptors() {
	if closeRange(3) == nil {
		return
	}
	if entries, err := os.ReadDir("/dev/fd"); err == nil && len(entries) > 3 {
		for _, entry := range entries {
			if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
				unix.CloseOnExec(fd)
			}
		}
		return
	}
	for fd := 3; fd < 65536; fd++ { // well under 10 ms
		unix.CloseOnExec(fd)
	}
}

// await returns the exit status for the parent of child.
func await(child *exec.Cmd, reports io.Reader) (exit int, err error) {
	report, err := io.ReadAll(io.LimitReader(reports, int64(len(readyReport))))
	if err == nil && string(report) == readyReport {
		return 0, nil
	}
	err = child.Wait()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return 1, errors.New("the background process ended before it was ready")
	case errors.As(err, &failed) && failed.Exited():
		return failed.ExitCode(), nil
	}
	return 1, fmt.Errorf("the background process ended before it was ready: %w", err)
}

// Parent is the process that waits in Background for this one.
type Parent struct{ pipe *os.File }

// Inherited returns the parent that waits for our report, nil if we were not
// started by Background. It belongs at the start of main: until then the
// variable and the descriptor would be passed on to other programs.
func Inherited() *Parent {
	value := os.Getenv(readyVariable)
	os.Unsetenv(readyVariable)
	if value != strconv.Itoa(os.Getppid()) {
		return nil
	}
	var st unix.Stat_t
	if unix.Fstat(readyFD, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return nil
	}
	unix.CloseOnExec(readyFD)
	return &Parent{os.NewFile(readyFD, "ready pipe")}
}

// Ready lets the parent exit with status 0 and leaves its terminal: standard
// input, output and error become /dev/null or, where that is missing, something
// else that keeps nobody waiting. An error means that there is no parent left,
// killed while it waited, so that the caller should end too. A nil Parent does
// nothing.
func (p *Parent) Ready() error {
	if p == nil {
		return nil
	}
	null, err := openNull()
	if err != nil {
		return err
	}
	defer null.Close()
	if _, err := p.pipe.WriteString(readyReport); err != nil {
		return fmt.Errorf("reporting to the process that started us: %w", err)
	}
	p.pipe.Close()
	for fd := range 3 {
		if err := unix.Dup2(int(null.Fd()), fd); err != nil {
			return fmt.Errorf("pointing descriptor %d at %s: %w", fd, null.Name(), err)
		}
	}
	return nil
}

// openNull opens /dev/null, or without it (a chroot, an image without devices)
// the root directory, which can neither be read nor written like a file.
func openNull() (*os.File, error) {
	return openFirst(
		func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) },
		func() (*os.File, error) { return os.Open("/") },
	)
}

// openFirst returns the first file that can be opened, or else the end of a pipe
// whose other end is closed.
func openFirst(opens ...func() (*os.File, error)) (*os.File, error) {
	for _, open := range opens {
		if f, err := open(); err == nil {
			return f, nil
		}
	}
	end, other, err := os.Pipe()
	if err == nil {
		other.Close()
	}
	return end, err
}
