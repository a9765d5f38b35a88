package seedfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"prngd/seedfile"
)

// A24: a file that is something else is neither opened as a seed nor as an exchange
// file, and stays as it is.
func TestTextIsRefused(t *testing.T) {
	for name, content := range map[string]string{
		"configuration": "# prngd.conf\nlisten /run/egd-pool\n",
		"pid file":      "1234\n",
		"log":           strings.Repeat("time=2026-01-31T00:00:00.000Z level=info msg=seeded\r\n", 100),
		"UTF-8":         strings.Repeat("x", 511) + strings.Repeat("ä", 99), // a character is cut at byte 512
		"passwd":        "root:x:0:0:root:/root:/bin/sh",
	} {
		path := t.TempDir() + "/file"
		write(t, path, []byte(content), 0o600)
		if f, err := seedfile.Open(options(path)); !errors.Is(err, seedfile.ErrRefused) {
			t.Errorf("%s as a seed: %v, %v", name, f, err)
		}
		if x, err := seedfile.OpenExchange(path, os.Geteuid()); !errors.Is(err, seedfile.ErrRefused) {
			t.Errorf("%s as an exchange file: %v, %v", name, x, err)
		}
		if got := read(t, path); string(got) != content {
			t.Errorf("%s is %.40q now", name, got)
		}
	}
}

// Random bytes of any size are taken, PRNGD's own among them, and so is our record.
func TestRandomBytesAreNoText(t *testing.T) {
	record := seedBytes(t, t.TempDir(), false)
	zeros := make([]byte, 512) // what a crash leaves
	for _, content := range [][]byte{nil, noise("a", 1), noise("b", 16), noise("c", 511), noise("d", 4096), record, zeros} {
		path := t.TempDir() + "/seed"
		write(t, path, content, 0o600)
		f, err := seedfile.Open(options(path))
		if err != nil {
			t.Errorf("%d bytes: %v", len(content), err)
			continue
		}
		f.Close()
	}
}

// What a check has opened is as it was before: a missing file is missing, a loose
// one is loose, and nothing is locked.
func TestRollback(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/seed"
	open := func() *seedfile.File {
		t.Helper()
		f, err := seedfile.Open(options(path))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	open().Rollback()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was left: %v", err)
	}
	content := noise("seed", 512)
	for _, mode := range []fs.FileMode{0o600, 0o644} {
		write(t, path, content, mode)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		open().Rollback()
		open().Rollback() // it is not locked
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != mode || !bytes.Equal(read(t, path), content) {
			t.Errorf("mode %v: now %v, %v", mode, info, err)
		}
	}
}

// What another program has put in the place of a file that was made is not removed.
func TestRollbackOfAnotherFile(t *testing.T) {
	path := t.TempDir() + "/seed"
	f, err := seedfile.Open(options(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, path, nil, 0o600)
	f.Rollback()
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// A file that was made and then used, or replaced, is not removed.
func TestRollbackKeepsWhatIsUsed(t *testing.T) {
	path := t.TempDir() + "/seed"
	f, err := seedfile.Open(options(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(drawn{&stream{}, true}); err != nil {
		t.Fatal(err)
	}
	f.Rollback()
	if got := read(t, path); len(got) != seedfile.Size {
		t.Errorf("%d bytes are left", len(got))
	}
}

func TestInUse(t *testing.T) {
	path := t.TempDir() + "/seed"
	f, err := seedfile.Open(options(path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := seedfile.Open(options(path)); !errors.Is(err, seedfile.ErrInUse) || errors.Is(err, seedfile.ErrRefused) {
		t.Errorf("a second one: %v", err)
	}
}
