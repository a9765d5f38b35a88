package process_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A directory that is closed to the user that the daemon has become says nothing of
// the pid file in it; a file that has lost its name says enough.
func TestPIDFileInAClosedDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "prngd.pid")
	p := write(t, path, 4711)
	closed := func() string {
		os.Chmod(dir, 0)
		defer os.Chmod(dir, 0o700)
		if os.Geteuid() == 0 {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			unix.SetfsuidRetUid(65534)
			defer unix.SetfsuidRetUid(0)
		}
		return p.Is()
	}
	if is := closed(); is != "pid 4711" {
		t.Errorf("it is %q, expected pid 4711", is)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if is := closed(); !strings.HasPrefix(is, "unknown: ") {
		t.Errorf("removed, it is %q, expected unknown", is)
	}
}
