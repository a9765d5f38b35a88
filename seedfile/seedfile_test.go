package seedfile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prngd/seedfile"
)

func open(t *testing.T, o seedfile.Options) *seedfile.File {
	t.Helper()
	f, err := seedfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Three runs of a daemon, as its status shows them.
func TestLives(t *testing.T) {
	o := options(t.TempDir() + "/seed")
	for _, want := range []struct {
		bits       int
		reason     string
		generation uint64
	}{
		{0, "no seed yet", 2},
		{256, "", 5},
		{256, "", 8},
	} {
		f, err := seedfile.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		_, bits, err := start(f, "run")
		if err != nil && !errors.Is(err, seedfile.ErrNotReplaced) {
			t.Fatal(err)
		}
		for range 2 {
			if err := f.Save(drawn{&stream{label: "pool"}, true}); err != nil {
				t.Fatal(err)
			}
		}
		s := f.Stats()
		if s.LastSave.IsZero() {
			t.Error("no time of the last save")
		}
		s.LastSave = time.Time{}
		expected := seedfile.Stats{Path: o.Path, Form: seedfile.Renamed, Generation: want.generation, Creditable: true,
			LoadedBits: want.bits, Reason: want.reason, Saves: 2}
		if s != expected || bits != want.bits {
			t.Errorf("got  %+v\nwant %+v", s, expected)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What stands on the disk at each step.
func TestRecords(t *testing.T) {
	o := options(t.TempDir() + "/seed")
	f := open(t, o)
	if err := f.Save(drawn{&stream{label: "first"}, false}); err != nil {
		t.Fatal(err)
	}
	var want [64]byte
	(&stream{label: "first"}).Read(want[:])
	id := sha256.Sum256([]byte("prngd seed machine-id " + machine))
	b := read(t, o.Path)
	if r, err := seedfile.Decode(b); err != nil || r != (seedfile.Record{Generation: 1, Machine: id, Seed: want}) {
		t.Errorf("not creditable: %+v, %v", r, err)
	}
	if bytes.Contains(b, []byte(machine)) {
		t.Error("the machine id itself is on the disk")
	}
	if err := f.Save(drawn{&stream{label: "first"}, true}); err != nil {
		t.Fatal(err)
	}
	if r, err := seedfile.Decode(read(t, o.Path)); err != nil || r != (seedfile.Record{Generation: 2, Creditable: true, Machine: id, Seed: want}) {
		t.Errorf("creditable: %+v, %v", r, err)
	}
	successor := seedfile.Successor(read(t, o.Path), [32]byte{1}, 2)
	if err := f.Replace(successor); err != nil {
		t.Fatal(err)
	}
	if r, err := seedfile.Decode(read(t, o.Path)); err != nil || r != (seedfile.Record{Generation: 3, Machine: id, Seed: successor}) {
		t.Errorf("replaced: %+v, %v", r, err)
	}
	if info, err := os.Stat(o.Path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// The formula, written down a second time; and every input counts.
func TestSuccessor(t *testing.T) {
	old, digest := []byte("old file"), [32]byte{7}
	got := seedfile.Successor(old, digest, 1<<40)
	hash := sha256.Sum256(old)
	for i := range 2 {
		in := append([]byte("prngd seed successor"), byte(i))
		in = append(append(in, hash[:]...), digest[:]...)
		in = binary.BigEndian.AppendUint64(in, 1<<40)
		if want := sha256.Sum256(in); !bytes.Equal(got[i*32:][:32], want[:]) {
			t.Errorf("half %d: %x, want %x", i, got[i*32:][:32], want)
		}
	}
	seen := map[[64]byte]bool{got: true}
	for _, other := range [][64]byte{
		seedfile.Successor(nil, digest, 1<<40), seedfile.Successor(old, [32]byte{}, 1<<40), seedfile.Successor(old, digest, 1),
	} {
		if seen[other] {
			t.Error("an input does not count")
		}
		seen[other] = true
	}
}

// A pool that gives nothing costs nobody the seed on the disk.
func TestSaveUnseeded(t *testing.T) {
	o := options(t.TempDir() + "/seed")
	content := noise("PRNGD", 500)
	write(t, o.Path, content, 0o600)
	f := open(t, o)
	if err := f.Save(drawn{shut{}, true}); !errors.Is(err, errShut) {
		t.Errorf("got %v", err)
	}
	if !bytes.Equal(read(t, o.Path), content) {
		t.Error("written to")
	}
	if s := f.Stats(); s.Failures != 1 || s.LastError != "drawing a new seed: not seeded" {
		t.Errorf("%+v", s)
	}
}

// Without an id, what is saved is not creditable either, wherever it is loaded.
func TestNoMachineID(t *testing.T) {
	for _, id := range []string{"", "\n", "uninitialized", "uninitialized\n"} {
		o := options(filepath.Join(t.TempDir(), "seed"))
		o.MachineID = []byte(id)
		f := open(t, o)
		if err := f.Save(drawn{&stream{}, true}); err != nil {
			t.Fatal(err)
		}
		if r, err := seedfile.Decode(read(t, o.Path)); err != nil || r.Creditable || r.Machine != [32]byte{} {
			t.Errorf("%q: %+v, %v", id, r, err)
		}
		f.Close()
		l, err := open(t, options(o.Path)).Load()
		if err != nil || l.Bits != 0 || l.Reason != "was saved without a machine-id" {
			t.Errorf("%q: %+v, %v", id, l, err)
		}
	}
}

func TestMachineID(t *testing.T) {
	id, again := seedfile.MachineID(), seedfile.MachineID()
	if !bytes.Equal(id, again) || strings.TrimSpace(string(id)) != string(id) {
		t.Errorf("%q, then %q", id, again)
	}
}

// A file of a length that a crash in an in-place save over a long foreign file
// leaves is ours all the same, and is cut at the next save.
func TestLongFileOfOurs(t *testing.T) {
	dir := fastDir(t)
	o := options(dir + "/seed")
	o.Owner = tester()
	b := append(seedBytes(t, t.TempDir(), false), noise("PRNGD", 5000)...)
	write(t, o.Path, b, 0o600)
	if err := errors.Join(os.Chown(o.Path, o.Owner, -1), os.Chown(dir, o.Owner, -1), os.Chmod(dir, 0o500)); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	defer become(o.Owner)()
	f := open(t, o)
	if l, bits, err := start(f, "long"); err != nil || bits != 256 || len(l.Data) != len(b) {
		t.Fatalf("%d bits, %v", bits, err)
	}
	if err := f.Save(drawn{&stream{}, true}); err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, o.Path)); n != 2*seedfile.Size {
		t.Errorf("%d bytes are left", n)
	}
}
