package process_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
	"prngd/internal/process"
)

// named is a program executed by a descriptor on a busy machine: before it asks for
// its origin, the Go scheduler may have moved it to another thread. It must not
// write to /proc, as in a sandbox, and says what the kernel calls it.
func named() {
	if os.Getuid() == 0 {
		ok(privileges.Become(privileges.User{Name: "test", UID: 4711, GID: 4711}))
	}
	ok(privileges.Undumpable())
	for range 4 {
		go func() {
			for {
				runtime.Gosched()
			}
		}()
	}
	for n := 0; n < 20_000 && unix.Gettid() == os.Getpid(); n++ {
		runtime.Gosched()
	}
	os.Setenv("PRNGD_PROGRAM", fmt.Sprintf("%d id /usr/sbin/prngd", os.Getpid()))
	_, err := process.FindOrigin(os.Args[0])
	ok(err)
	comm, err := os.ReadFile("/proc/self/comm")
	ok(err)
	fmt.Print(string(comm))
}

// TestNameOnAnyThread: init scripts know the daemon by its name. One whose main
// goroutine was moved before it had the name was called 9 after an upgrade, and
// "reload" said that it was not running.
func TestNameOnAnyThread(t *testing.T) {
	if out, err, _ := run("named"); strings.TrimSpace(out) != "prngd" {
		t.Errorf("named %q, %q, expected prngd", out, err)
	}
}
