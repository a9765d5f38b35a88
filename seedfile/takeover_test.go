package seedfile_test

import (
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"prngd/seedfile"
)

// The lock goes along when a save puts another file under the name.
func TestLockFollowsTheName(t *testing.T) {
	o := options(t.TempDir() + "/seed")
	f := open(t, o)
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			if g, err := seedfile.Open(o); err == nil {
				g.Close()
				t.Error("opened twice")
			} else if want := "opening seed " + o.Path + ": in use by another process"; err.Error() != want {
				t.Errorf("got %q", err)
			}
		})
		if err := f.Save(drawn{&stream{}, true}); err != nil {
			t.Fatal(err)
		}
	}
}

// A daemon that comes while the last one still saves waits for it, and then has
// the file that was saved last, not the one that had the name when it came.
func TestOpenWaitsForTheLastSave(t *testing.T) {
	o := options(t.TempDir() + "/seed")
	f := open(t, o)
	synctest.Test(t, func(t *testing.T) {
		var opened sync.WaitGroup
		opened.Go(func() {
			g, err := seedfile.Open(o)
			if err != nil {
				t.Error(err)
				return
			}
			defer g.Close()
			if l, err := g.Load(); err != nil || l.Bits != 256 {
				t.Errorf("%+v, %v", l, err)
			}
		})
		time.Sleep(500 * time.Millisecond)
		if err := f.Save(drawn{&stream{}, true}); err != nil {
			t.Error(err)
		}
		f.Close()
		opened.Wait()
	})
}

// A program that takes the daemon's place by exec goes on where it was.
func TestAdopt(t *testing.T) {
	o := options(t.TempDir() + "/seed")
	f := open(t, o)
	if err := f.Save(drawn{&stream{label: "before"}, true}); err != nil {
		t.Fatal(err)
	}
	file, dir := f.Descriptors()
	g, err := seedfile.Adopt(o, dup(t, file), dup(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	f.Close()
	synctest.Test(t, func(t *testing.T) {
		if _, err := seedfile.Open(o); err == nil {
			t.Error("the lock did not come along")
		}
	})
	if err := g.Save(drawn{&stream{label: "after"}, true}); err != nil {
		t.Fatal(err)
	}
	if s := g.Stats(); s.Generation != 2 || s.Form != seedfile.Renamed {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(o.Path); err != nil {
		t.Fatal(err)
	}
	file, dir = g.Descriptors()
	if _, err := seedfile.Adopt(o, dup(t, file), dup(t, dir)); err == nil {
		t.Error("a removed file was taken over")
	}
}

func dup(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), f.Name())
}
