package process_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// openFiles says what its limit is before and after.
func openFiles() {
	var files unix.Rlimit
	ok(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 99}))
	n, err := process.OpenFiles()
	ok(err)
	ok(unix.Getrlimit(unix.RLIMIT_NOFILE, &files))
	fmt.Println("files", n, files.Cur, files.Max)
}

func TestOpenFiles(t *testing.T) {
	const want = "files 99 99 99\n"
	if stdout, stderr, _ := run("openfiles"); stdout != want {
		t.Errorf("got %q, %q, expected %q", stdout, stderr, want)
	}
}
