package seedfile_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prngd/seedfile"
)

func openExchange(t *testing.T, path string) *seedfile.Exchange {
	t.Helper()
	x, err := seedfile.OpenExchange(path, os.Geteuid())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func nothing([]byte) {}

func write(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The formula, written down a second time.
func TestCombine(t *testing.T) {
	old := []byte("what others left")
	var out [seedfile.ExchangeSize]byte
	(&stream{label: "out"}).Read(out[:])
	k := sha256.Sum256(append([]byte{5}, old...))
	want := out
	for i := range want {
		mask := sha256.Sum256(append([]byte{5, 0, 0, 0, byte(i / 32)}, k[:]...))
		want[i] ^= mask[i%32]
	}
	if seedfile.Combine(&out, old); out != want {
		t.Errorf("got  %x\nwant %x", out, want)
	}
}

// One cycle: what was there is mixed, what comes is ours and theirs combined.
// Short, long, empty and missing files are all the same to it; the tail of a
// long one is left alone, as Postfix does.
func TestStir(t *testing.T) {
	for _, size := range []int{-1, 0, 10, 1024, 4096} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			path := t.TempDir() + "/prng_exch"
			var before []byte
			if size >= 0 {
				before = make([]byte, size)
				(&stream{label: "before"}).Read(before)
				write(t, path, before, 0o600)
			}
			x := openExchange(t, path)
			var mixed []byte
			mix := func(b []byte) { mixed = bytes.Clone(b) }
			if err := x.Stir(t.Context(), &stream{label: "ours"}, mix); err != nil {
				t.Fatal(err)
			}
			theirs := before[:min(len(before), 1024)]
			if !bytes.Equal(mixed, theirs) {
				t.Errorf("mixed %d bytes, want the %d that were there", len(mixed), len(theirs))
			}
			var want [1024]byte
			(&stream{label: "ours"}).Read(want[:])
			seedfile.Combine(&want, theirs)
			after := read(t, path)
			if !bytes.Equal(after, append(want[:], before[len(theirs):]...)) {
				t.Errorf("%d bytes written, not what was to be", len(after))
			}
			if s := x.Stats(); s.Reads != 1 || s.Writes != 1 || s.LastError != "" || s.Last.IsZero() {
				t.Errorf("%+v", s)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		})
	}
}

// Before the pool is seeded: read, do not write.
func TestStirUnseeded(t *testing.T) {
	path := t.TempDir() + "/prng_exch"
	content := noise("theirs", 1024)
	write(t, path, content, 0o600)
	x := openExchange(t, path)
	var mixed []byte
	mix := func(b []byte) { mixed = bytes.Clone(b) }
	if err := x.Stir(t.Context(), shut{}, mix); !errors.Is(err, errShut) {
		t.Errorf("got %v", err)
	}
	if !bytes.Equal(mixed, content) || !bytes.Equal(read(t, path), content) {
		t.Error("not read, or written to")
	}
	if s := x.Stats(); s.Failures != 0 || s.LastError != "" || s.Reads != 1 || s.Writes != 0 {
		t.Errorf("%+v", s)
	}
	mixed = nil
	if err := x.Read(t.Context(), mix); err != nil || !bytes.Equal(mixed, content) {
		t.Errorf("Read: %d bytes, %v", len(mixed), err)
	}
}

func TestExchangeRefuses(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/file"
	write(t, file, nil, 0o600)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink(file, dir+"/symlink"))
	write(t, dir+"/linked", nil, 0o600)
	must(os.Link(dir+"/linked", dir+"/link"))
	write(t, dir+"/open", nil, 0o620)
	must(os.Mkdir(dir+"/dir", 0o700))
	must(mkfifo(dir + "/fifo"))
	for _, c := range []struct {
		name  string
		owner int
		want  string
	}{
		{"symlink", -1, "is a symbolic link"},
		{"link", -1, "has 2 links"},
		{"open", -1, "mode 0620: others may write to it"},
		{"dir", -1, "is a directory"},
		{"fifo", -1, "is a FIFO"},
		{"file", os.Geteuid() + 1, fmt.Sprintf("belongs to uid %d, not to uid %d", os.Geteuid(), os.Geteuid()+1)},
		{"missing", -1, "openat: no such file or directory"},
		{"no/dir", os.Geteuid(), "openat: no such file or directory"},
	} {
		path := filepath.Join(dir, c.name)
		_, err := seedfile.OpenExchange(path, c.owner)
		want := fmt.Sprintf("opening exchange file %s: %s", path, c.want)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %v", c.name, err, want)
		}
	}
}

// A file that may only be read is read.
func TestExchangeReadOnly(t *testing.T) {
	dir := fastDir(t)
	path := dir + "/prng_exch"
	content := noise("theirs", 1024)
	write(t, path, content, 0o400)
	uid := tester()
	if err := errors.Join(os.Chown(dir, uid, -1), os.Chown(path, uid, -1)); err != nil {
		t.Skip(err)
	}
	defer become(uid)()
	x, err := seedfile.OpenExchange(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var mixed []byte
	err = x.Stir(t.Context(), &stream{}, func(b []byte) { mixed = bytes.Clone(b) })
	if err == nil || !strings.Contains(err.Error(), "read only: openat: permission denied") {
		t.Errorf("got %v", err)
	}
	if !bytes.Equal(mixed, content) || !bytes.Equal(read(t, path), content) {
		t.Error("not read, or written to")
	}
}

// Postfix unlinks a file that is in its way: we go over to the new one.
func TestExchangeRemoved(t *testing.T) {
	path := t.TempDir() + "/prng_exch"
	write(t, path, noise("first", 5), 0o600)
	x := openExchange(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, path, noise("second", 6), 0o644)
	var mixed []byte
	if err := x.Stir(t.Context(), &stream{}, func(b []byte) { mixed = bytes.Clone(b) }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mixed, noise("second", 6)) || len(read(t, path)) != 1024 {
		t.Errorf("mixed %q", mixed)
	}
	if s := x.Stats(); s.Reopened != 1 || !s.Loose {
		t.Errorf("%+v", s)
	}
	// A second link that appears later is as good a reason not to write.
	if err := os.Link(path, path+"2"); err != nil {
		t.Fatal(err)
	}
	if err := x.Stir(t.Context(), &stream{}, nothing); err == nil || !strings.HasSuffix(err.Error(), "has 2 links") {
		t.Errorf("got %v", err)
	}
}
