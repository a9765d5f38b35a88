package seedfile_test

import (
	"os"
	"testing"

	"prngd/seedfile"
)

// A file is kept until another one, or none, has its name. A directory that is closed
// to us since root was given up is no reason to say that it was replaced.
func TestKept(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(path string) error
		kept   bool
	}{
		{"untouched", func(string) error { return nil }, true},
		{"removed", os.Remove, false},
		{"replaced", func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Symlink("/dev/null", path)
		}, false},
	} {
		for _, closed := range []bool{false, true} {
			dir := t.TempDir()
			path := dir + "/seed"
			f, err := seedfile.Open(options(path))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.change(path); err != nil {
				t.Fatal(err)
			}
			kept := f.Kept()
			if closed {
				os.Chmod(dir, 0)
				back := become(65534)
				kept = f.Kept()
				back()
				os.Chmod(dir, 0o700)
			}
			if kept != c.kept {
				t.Errorf("%s, closed %v: kept %v", c.name, closed, kept)
			}
			if err := f.Save(drawn{&stream{}, true}); err != nil || !f.Kept() {
				t.Errorf("%s, closed %v: after a save: kept %v, %v", c.name, closed, f.Kept(), err)
			}
			f.Close()
		}
	}
}
