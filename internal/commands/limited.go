package commands

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// What a limited program may use. Its time on the clock and the bytes that are
// read of it are bounded by the program that runs it.
const (
	limitedCPU       = 20 * time.Second // of one process
	limitedFiles     = 256              // open at a time
	limitedFileSize  = 16 << 20         // bytes of a file that it writes
	limitedProcesses = 256              // all of its user, threads included
)

// limitedArgument stands before the path and the arguments of a program that is
// to be run within limits.
const limitedArgument = "--run-limited"

// Limited returns what to execute so that the program at path runs with argv
// within limits: this program, which sets them for itself and then executes the
// other. A parent cannot do it for the child alone: its own threads would be
// counted, and a program that forks at once would be faster.
func Limited(path string, argv []string) (self string, args []string, err error) {
	self, err = process.Program()
	return self, append([]string{os.Args[0], limitedArgument, path}, argv...), err
}

// LimitedChild executes what argv asks for, if it is of [Limited], and does not
// return then: if that fails, the status is 127, as the shell's, without a word,
// since what is said counts as the program's output.
func LimitedChild(argv []string) {
	if len(argv) < 4 || argv[1] != limitedArgument {
		return
	}
	limit(unix.RLIMIT_CPU, int(limitedCPU/time.Second))
	limit(unix.RLIMIT_NOFILE, limitedFiles)
	limit(unix.RLIMIT_FSIZE, limitedFileSize)
	limit(unix.RLIMIT_CORE, 0)
	limitProcesses(limitedProcesses)
	syscall.Exec(argv[2], argv[3:], os.Environ())
	os.Exit(127)
}

// limit lowers a limit for good. What the system refuses is no reason to stop.
func limit(resource int, most int) {
	var l unix.Rlimit
	if unix.Getrlimit(resource, &l) == nil {
		lower(&l.Cur, &l.Max, most)
		unix.Setrlimit(resource, &l)
	}
}

// lower is for both kinds of number that systems have in an rlimit.
func lower[T int64 | uint64](soft, hard *T, most int) {
	*hard = min(*hard, T(most))
	*soft = *hard
}

// Runnable says whether there is a program at path that this user may execute;
// the error is that of an attempt.
func Runnable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return &os.PathError{Op: "exec", Path: path, Err: errors.New("is a directory")}
	}
	if err := unix.Access(path, unix.X_OK); err != nil {
		return &os.PathError{Op: "exec", Path: path, Err: err}
	}
	return nil
}
