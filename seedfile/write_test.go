package seedfile_test

import (
	"errors"
	"os"
	"testing"

	"prngd/seedfile"
)

// What a crash left under the name of the new file is in no later save's way.
func TestLeftOverNewFile(t *testing.T) {
	dir := t.TempDir()
	o := options(dir + "/seed")
	f := open(t, o)
	write(t, dir+"/.seed.new", noise("crashed", 100), 0o600)
	if err := f.Save(drawn{&stream{}, true}); err != nil {
		t.Fatal(err)
	}
	if form := f.Stats().Form; form != seedfile.Renamed {
		t.Errorf("saved by %q", form)
	}
	if _, err := os.Lstat(dir + "/.seed.new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the new file is still there: %v", err)
	}
}

// A seed whose replacement has failed counts for nothing, also if a later one
// succeeds. It fails here since nothing can be renamed and another name of the file
// would show what is written in place.
func TestFailedReplacementCountsNothing(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/seed"
	content := seedBytes(t, t.TempDir(), false)
	write(t, path, content, 0o600)
	f := open(t, options(path))
	if l, err := f.Load(); err != nil || l.Bits != 256 {
		t.Fatalf("%d bits, %v: %s", l.Bits, err, l.Reason)
	}
	if err := errors.Join(os.Mkdir(dir+"/.seed.new", 0o700), os.Link(path, dir+"/other")); err != nil {
		t.Fatal(err)
	}
	if err := f.Replace([64]byte{1}); err == nil {
		t.Error("replaced")
	}
	if got := read(t, dir+"/other"); string(got) != string(content) {
		t.Error("written to under another name")
	}
	if err := errors.Join(os.Remove(dir+"/.seed.new"), os.Remove(dir+"/other")); err != nil {
		t.Fatal(err)
	}
	if err := f.Replace([64]byte{2}); err != nil {
		t.Fatal(err)
	}
	if s := f.Stats(); s.LoadedBits != 0 {
		t.Errorf("it counts for %d bits", s.LoadedBits)
	}
}
