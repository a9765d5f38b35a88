package process_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
	"prngd/internal/process"
)

// harden says what its limits are before and after.
func harden() {
	var core, files unix.Rlimit
	ok(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 99}))
	ok(process.Undumpable())
	n, err := process.OpenFiles()
	ok(err)
	ok(unix.Getrlimit(unix.RLIMIT_CORE, &core))
	ok(unix.Getrlimit(unix.RLIMIT_NOFILE, &files))
	fmt.Println("core", core.Cur, core.Max, "files", n, files.Cur, files.Max)
}

func TestHarden(t *testing.T) {
	const want = "core 0 0 files 99 99 99\n"
	if stdout, stderr, _ := run("harden"); stdout != want {
		t.Errorf("got %q, %q, expected %q", stdout, stderr, want)
	}
}
