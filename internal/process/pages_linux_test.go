package process_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// TestReleaseProgramPages: the pages of a file that is mapped read-only leave the
// process and come back as they were; a page that was changed, as relocations do,
// keeps its change and its neighbours.
func TestReleaseProgramPages(t *testing.T) {
	clean, changed := mapFile(t, 'a'), mapFile(t, 'b')
	if err := unix.Mprotect(changed, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	changed[5000] = 'c'
	if err := unix.Mprotect(changed, unix.PROT_READ); err != nil {
		t.Fatal(err)
	}
	if got := resident(t, clean); got == "0 kB" {
		t.Fatalf("%s resident before", got)
	}
	if err := process.ReleaseProgramPages(); err != nil {
		t.Fatal(err)
	}
	if got := resident(t, clean); got != "0 kB" {
		t.Errorf("the clean mapping has %s resident, expected 0 kB", got)
	}
	if got := resident(t, changed); got == "0 kB" {
		t.Errorf("the changed mapping has %s resident", got)
	}
	if n := bytes.Count(clean, []byte("a")); n != len(clean) {
		t.Errorf("%d of %d bytes are as they were", n, len(clean))
	}
	if changed[5000] != 'c' {
		t.Errorf("the changed byte is %q, expected 'c'", changed[5000])
	}
}

// mapFile maps a new file of fill read-only and touches it.
func mapFile(t *testing.T, fill byte) []byte {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, bytes.Repeat([]byte{fill}, 1<<18), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := unix.Mmap(int(f.Fd()), 0, 1<<18, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(m) })
	if n := bytes.Count(m, []byte{fill}); n != len(m) {
		t.Fatalf("%d bytes of %d", n, len(m))
	}
	return m
}

// resident is how much of m the process has in memory (proc_pid_smaps(5)).
func resident(t *testing.T, m []byte) string {
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	start := uintptr(unsafe.Pointer(&m[0]))
	found := regexp.MustCompile(fmt.Sprintf(`(?m)^%08x-(?s:.*?)^Rss: *(\d+ kB)$`, start)).FindSubmatch(smaps)
	if found == nil {
		t.Skip("smaps does not say how much is resident")
	}
	return string(found[1])
}
