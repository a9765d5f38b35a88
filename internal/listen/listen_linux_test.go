package listen

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Root removes any dead socket, others their own. One thread becomes another
// user; it is not unlocked, so it ends with its goroutine.
func TestDeadSocketOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	for d, mode := range map[string]os.FileMode{dir: 0o777, filepath.Dir(dir): 0o711} {
		if err := os.Chmod(d, mode); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "s")
	plant(t, path, "unix", false)
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		const unchanged = ^uintptr(0)
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, unchanged, 4711, unchanged); errno != 0 {
			result <- errno
			return
		}
		_, err := start(t, socketAt(path))
		result <- err
	}()
	if err := <-result; err == nil || !strings.Contains(err.Error(), "dead socket of uid 0") {
		t.Errorf("got %v", err)
	}
	if err := os.Chown(path, 4711, -1); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}
