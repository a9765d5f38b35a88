package seedfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/seedfile"
)

// adopt takes over a seed file that was opened with these flags, and its directory.
func adopt(t *testing.T, path string, fileFlags, dirFlags int) *seedfile.File {
	t.Helper()
	file, err := os.OpenFile(path, fileFlags, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := unix.Open(filepath.Dir(path), dirFlags|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f, err := seedfile.Adopt(options(path), file, os.NewFile(uintptr(dir), filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// An inherited descriptor that cannot be written to is not written to: the file
// stays as it is where it cannot be replaced.
func TestAdoptReadOnly(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/seed"
	content := seedBytes(t, t.TempDir(), false)
	write(t, path, content, 0o600)
	f := adopt(t, path, os.O_RDONLY, unix.O_RDONLY)
	if err := os.Mkdir(dir+"/.seed.new", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(drawn{&stream{}, true}); !errors.Is(err, unix.EACCES) {
		t.Errorf("saved in place: %v", err)
	}
	if got := read(t, path); !bytes.Equal(got, content) {
		t.Error("written to")
	}
}

// One that cannot be read is mixed as far as it was, counts for nothing, and is not
// replaced before the first save.
func TestUnreadable(t *testing.T) {
	for _, closed := range []bool{false, true} {
		path := t.TempDir() + "/seed"
		content := seedBytes(t, t.TempDir(), false)
		write(t, path, content, 0o600)
		f := adopt(t, path, os.O_WRONLY, unix.O_RDONLY)
		if closed {
			f.Close()
		}
		l, err := f.Load()
		if err == nil || !l.Foreign || l.Bits != 0 || l.Reason != "unreadable" {
			t.Errorf("loaded %+v, %v", l, err)
		}
		if err := f.Replace([64]byte{}); !errors.Is(err, seedfile.ErrNotReplaced) || !bytes.Equal(read(t, path), content) {
			t.Errorf("replaced: %v", err)
		}
	}
}

// In a directory that is closed to a daemon that is no longer root the file is written
// in place, as long as it is there.
func TestSaveInAClosedDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give it up")
	}
	for _, removed := range []bool{false, true} {
		dir := t.TempDir()
		f := open(t, options(dir+"/seed"))
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if removed {
			os.Remove(dir + "/seed")
		}
		saved := make(chan error)
		go func() {
			runtime.LockOSThread() // it ends with this goroutine
			const same = ^uintptr(0)
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, same, 12345, same); errno != 0 {
				saved <- errno
				return
			}
			saved <- f.Save(drawn{&stream{}, true})
		}()
		if err := <-saved; (err != nil) != removed || !removed && f.Stats().Form != seedfile.InPlace {
			t.Errorf("removed %v: saved by %q, %v", removed, f.Stats().Form, err)
		}
	}
}

// The file that a save has put in its place is another matter: it can be written to.
func TestSavedAfterAdoptReadOnly(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/seed"
	write(t, path, seedBytes(t, t.TempDir(), false), 0o600)
	f := adopt(t, path, os.O_RDONLY, unix.O_RDONLY)
	if err := f.Save(drawn{&stream{label: "renamed"}, true}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/.seed.new", 0o700); err != nil {
		t.Fatal(err)
	}
	err := f.Save(drawn{&stream{label: "in place"}, true})
	if s := f.Stats(); err != nil || s.Form != seedfile.InPlace {
		t.Errorf("saved by %q, %v", s.Form, err)
	}
}

// Where the directory cannot be synced, the old file gets the new seed too, unless
// it cannot be written to; then the error says both. A directory that is open as a
// path only can be used for all but that.
func TestUnsyncedDirectory(t *testing.T) {
	for _, flags := range []int{os.O_RDWR, os.O_RDONLY} {
		path := t.TempDir() + "/seed"
		content := seedBytes(t, t.TempDir(), false)
		write(t, path, content, 0o600)
		old, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		f := adopt(t, path, flags, unix.O_PATH)
		err = f.Save(drawn{&stream{}, true})
		var found [2 * seedfile.Size]byte
		n, _ := old.ReadAt(found[:], 0)
		saved := read(t, path)
		switch {
		case flags == os.O_RDWR:
			if err != nil || !bytes.Equal(found[:n], append(saved, saved...)) {
				t.Errorf("the old file has %d bytes of another seed, %v", n, err)
			}
		case !errors.Is(err, unix.EBADF) || !errors.Is(err, unix.EACCES) || !bytes.Equal(found[:n], content):
			t.Errorf("the old file has %d bytes, %v", n, err)
		}
	}
}

// The same of an exchange file: it is read, and shared with other readers.
func TestAdoptExchangeReadOnly(t *testing.T) {
	path := t.TempDir() + "/prng_exch"
	write(t, path, noise("theirs", seedfile.ExchangeSize), 0o600)
	open := func() *os.File {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	other := open()
	defer other.Close()
	if err := unix.Flock(int(other.Fd()), unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	x, err := seedfile.AdoptExchange(path, os.Geteuid(), open(), seedfile.ExchangeStats{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	mixed := 0
	if err := x.Stir(t.Context(), &stream{}, func(b []byte) { mixed = len(b) }); !errors.Is(err, unix.EACCES) || mixed != seedfile.ExchangeSize {
		t.Errorf("%d bytes, %v", mixed, err)
	}
}
