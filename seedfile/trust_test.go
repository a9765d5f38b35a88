package seedfile_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"prngd/seedfile"
)

// Of two valid records the newer one counts, in either order.
func TestNewestRecordCounts(t *testing.T) {
	for _, order := range [][2]uint64{{5, 6}, {6, 5}} {
		o := options(t.TempDir() + "/seed")
		var content []byte
		for _, generation := range order {
			b := seedfile.Encode(seedfile.Record{Generation: generation, Seed: [64]byte{byte(generation)}})
			content = append(content, b[:]...)
		}
		write(t, o.Path, content, 0o600)
		f := open(t, o)
		if _, err := f.Load(); err != nil {
			t.Fatal(err)
		}
		if g := f.Stats().Generation; g != 6 {
			t.Errorf("generations %v: %d counts", order, g)
		}
	}
}

// A file that is not ours is said to be foreign, and one of ours is not.
func TestForeignIsSaid(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		o := options(t.TempDir() + "/seed")
		b := seedfile.Encode(seedfile.Record{Generation: 1})
		content := b[:]
		if foreign {
			rand.Read(content)
		}
		write(t, o.Path, content, 0o600)
		loaded, err := open(t, o).Load()
		if err != nil || loaded.Foreign != foreign || !bytes.Equal(loaded.Data, content) {
			t.Errorf("foreign %v: said %v, %v", foreign, loaded.Foreign, err)
		}
	}
}

// A file that others could read is tightened. One in a directory in which others
// could replace it is not credited: its group too, but not where only owners can
// remove.
func TestModesThatOthersUse(t *testing.T) {
	for _, row := range []struct {
		dir, file os.FileMode
		warning   string
	}{
		{0o755, 0o600, ""},
		{0o755, 0o640, "had mode 0640, now 0600"},
		{0o770, 0o600, "is in a directory of mode 0770"},
		{0o707, 0o600, "is in a directory of mode 0707"},
		{0o777 | os.ModeSticky, 0o600, ""},
	} {
		dir := t.TempDir()
		o := options(dir + "/seed")
		b := seedfile.Encode(seedfile.Record{Generation: 1})
		write(t, o.Path, b[:], row.file)
		if err := os.Chmod(dir, row.dir); err != nil {
			t.Fatal(err)
		}
		loaded, err := open(t, o).Load()
		if err != nil || strings.Contains(loaded.Warning, "mode") != (row.warning != "") || !strings.Contains(loaded.Warning, row.warning) {
			t.Errorf("directory %v, file %v: %q, %v", row.dir, row.file, loaded.Warning, err)
		}
		if info, err := os.Stat(o.Path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("directory %v, file %v: mode is %v, %v", row.dir, row.file, info.Mode(), err)
		}
	}
}

// The bits of a seed are given for its first replacement only.
func TestReplacedOnceCountsOnce(t *testing.T) {
	o := options(t.TempDir() + "/seed")
	first := open(t, o)
	first.Load()
	if err := first.Save(drawn{&stream{label: "pool"}, true}); err != nil {
		t.Fatal(err)
	}
	first.Close()
	f := open(t, o)
	if loaded, err := f.Load(); err != nil || loaded.Bits != 256 {
		t.Fatalf("%d bits, %v: %s", loaded.Bits, err, loaded.Reason)
	}
	if err := f.Replace([64]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load(); err != nil { // what is there now is used up
		t.Fatal(err)
	}
	if err := f.Replace([64]byte{2}); err != nil {
		t.Fatal(err)
	}
	if s := f.Stats(); s.LoadedBits != 0 {
		t.Errorf("the successor counts for %d bits", s.LoadedBits)
	}
}
