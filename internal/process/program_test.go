package process_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"prngd/internal/process"
)

// TestOrigin: the path by which the program was called, if it leads to us; A20: a
// symbolic link stays one, also where it was found through PATH.
func TestOriginA20(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/bin")
	for _, c := range []struct{ argv0, want string }{
		{link, link},
		{"link", link},
		{self, self},
		{"prngd", self},
		{"sh", self},
		{"/bin/sh", self},
		{"./missing", self},
	} {
		got, err := process.FindOrigin(c.argv0)
		if got.Path != c.want || err != nil {
			t.Errorf("%s: %s, %v, expected %s", c.argv0, got.Path, err, c.want)
		}
		if info, err := os.Stat(self); err != nil || got.ID != process.FileID(info) {
			t.Errorf("%s: ID %s, %v, expected %s", c.argv0, got.ID, err, process.FileID(info))
		}
	}
}

// A variable of another process names nothing and is passed on to nobody.
func TestOriginOfAnotherProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"":                      self,
		"1 x /bin/false":        self,
		"nonsense":              self,
		fmt.Sprint(os.Getpid()): self,
		fmt.Sprintf("%d x /usr/sbin/prngd", os.Getpid()): "/usr/sbin/prngd",
		fmt.Sprintf("%d x /a path/prngd", os.Getppid()):  "/a path/prngd",
	} {
		t.Setenv("PRNGD_PROGRAM", value)
		if got, err := process.FindOrigin(self); got.Path != want || err != nil {
			t.Errorf("%q: %s, %v, expected %s", value, got.Path, err, want)
		}
		if _, found := os.LookupEnv("PRNGD_PROGRAM"); found {
			t.Errorf("%q is passed on", value)
		}
	}
}
