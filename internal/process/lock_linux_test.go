package process_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// TestPIDFileLockedByReader: a user who may only read the pid file that a daemon has
// left keeps no daemon from starting, whatever lock they hold.
func TestPIDFileLockedByReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := unix.Flock(int(reader.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	shared := unix.Flock_t{Type: unix.F_RDLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(reader.Fd(), unix.F_OFD_SETLK, &shared); err != nil {
		t.Fatal(err)
	}
	c, err := process.PreparePIDFile(path, 4711, -1, -1)
	if err == nil {
		err = c.Commit()
	}
	if err != nil {
		t.Error(err)
	}
}
