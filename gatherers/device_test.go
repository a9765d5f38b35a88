package gatherers_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"prngd/gatherers"
)

func TestDevice(t *testing.T) {
	regular := filepath.Join(t.TempDir(), "hwrng")
	if err := os.WriteFile(regular, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path   string
		credit gatherers.Credit
		bytes  int
		err    string // part of it
	}{
		{"/dev/urandom", 8, 1024, ""},
		{"/dev/urandom", 0.25, 2048, ""},
		{"/dev/urandom", 0, 1024, ""},
		{"/dev/urandom", 0.001, 4096, ""},
		{"/dev/null", 8, 0, io.ErrUnexpectedEOF.Error()},
		{regular, 8, 0, "not a character device"},
		{filepath.Dir(regular), 8, 0, "not a character device"},
		{"/nonexistent/hwrng", 8, 0, "no such file"},
	} {
		if strings.HasPrefix(c.path, "/dev/") {
			if _, err := os.Stat(c.path); err != nil {
				continue
			}
		}
		g := gatherers.Device(c.path, c.credit, gatherers.OpenDevice)
		data, err := g.Gather(t.Context())
		if len(data) != c.bytes || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s at %v: %d bytes, %v; want %d, %q", c.path, c.credit, len(data), err, c.bytes, c.err)
		}
	}
}

// pipeDevice is a device that gives what is written to w, and can be opened once.
func pipeDevice(t *testing.T) (g gatherers.Gatherer, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	files := []*os.File{r}
	g = gatherers.Device("/dev/slow", 8, func(string) (*os.File, error) {
		if len(files) == 0 {
			return nil, syscall.EACCES
		}
		f := files[0]
		files = nil
		return f, nil
	})
	t.Cleanup(g.Close)
	return g, w
}

// A sample that a reload or its limit has ended spoils no later one, also where the
// device cannot be opened again. G24: what the system held for the reader before a
// sample is older than an event that it may have to answer, and no part of it.
func TestDeviceAfterALateSample(t *testing.T) {
	g, w := pipeDevice(t)
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if data, err := g.Gather(short); err == nil {
		t.Fatalf("%d bytes of a device that gives nothing", len(data))
	}
	w.Write(bytes.Repeat([]byte{1}, 8192)) // a pipe holds 64 KiB
	go func() {
		for err := error(nil); err == nil; {
			_, err = w.Write(bytes.Repeat([]byte{7}, 512))
		}
	}()
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	data, err := g.Gather(limited)
	w.Close()
	if err != nil || !bytes.Equal(data, bytes.Repeat([]byte{7}, 1024)) {
		t.Errorf("%d bytes, %d of them old, %v", len(data), bytes.Count(data, []byte{1}), err)
	}
}

// What a device gave before it failed is no sample.
func TestDeviceThatFails(t *testing.T) {
	directory := func(string) (*os.File, error) { return os.Open(t.TempDir()) }
	data, err := gatherers.Device("/dev/broken", 8, directory).Gather(t.Context())
	if len(data) > 0 || !errors.Is(err, syscall.EISDIR) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

// One that was unplugged and comes back is opened again, after the failure that
// showed it.
func TestDeviceThatComesBack(t *testing.T) {
	paths := []string{"/dev/null", "/dev/zero"}
	open := func(string) (*os.File, error) {
		path := paths[0]
		paths = paths[min(1, len(paths)-1):]
		return os.Open(path)
	}
	g := gatherers.Device("/dev/hwrng", 8, open)
	if data, err := g.Gather(t.Context()); len(data) > 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("unplugged: %d bytes, %v", len(data), err)
	}
	if data, err := g.Gather(t.Context()); len(data) != 1024 || err != nil {
		t.Errorf("back: %d bytes, %v", len(data), err)
	}
}

func TestDeviceThatHasNothing(t *testing.T) {
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0) // its master reads what nobody writes
	if err != nil {
		t.Skip(err)
	}
	pty.Close()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer stop()
	data, err := gatherers.Device("/dev/ptmx", 8, gatherers.OpenDevice).Gather(ctx)
	if len(data) != 0 || !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestFileIsCreditedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dice")
	if err := os.WriteFile(path, []byte("4 2 6 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		for range 2 { // a reload
			b.during(t, []gatherers.Gatherer{gatherers.File(path, 2)}, func() { time.Sleep(24 * time.Hour) })
		}
		if len(b.mix) != 1 || b.mix[0] != "4 2 6 1" || b.bits != 14 {
			t.Errorf("mixed %q, %d bits", b.mix, b.bits)
		}
	})
}

// G18: a file that other users may read or write is mixed and counts for nothing.
func TestFileOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "noise")
	for mode, counts := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o620: false, 0o602: false} {
		if err := os.WriteFile(path, []byte("noise"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		for credit, want := range map[gatherers.Credit]bool{8: counts, 0: true} {
			data, err := gatherers.File(path, credit).Gather(t.Context())
			var why gatherers.Uncredited
			if string(data) != "noise" || (err == nil) != want || err != nil && !errors.As(err, &why) {
				t.Errorf("mode %04o, credit %v: %q, %v", mode, credit, data, err)
			}
		}
		os.Chmod(path, 0o600)
	}
}

func TestFileThatComesLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "later")
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		b.during(t, []gatherers.Gatherer{gatherers.File(path, 2)}, func() {
			time.Sleep(time.Hour)
			if err := os.WriteFile(path, []byte("here"), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Hour)
		})
		if s := b.status("file:" + path); s.State != gatherers.Exhausted || b.bits != 8 {
			t.Errorf("%+v", s)
		}
	})
}

func TestFileBounds(t *testing.T) {
	dir := t.TempDir()
	big, fifo := filepath.Join(dir, "big"), filepath.Join(dir, "fifo")
	if err := os.WriteFile(big, bytes.Repeat([]byte("x"), 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := gatherers.File(big, 0).Gather(t.Context()); len(data) != 1<<20 || err != nil {
		t.Errorf("2 MiB: %d bytes, %v", len(data), err)
	}
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{fifo, dir, "/dev/null"} {
		if data, err := gatherers.File(path, 8).Gather(t.Context()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %d bytes, %v", path, len(data), err)
		}
	}
}
