package gatherers_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/gatherers"
)

// Issue 14: a program that writes without end gives a sample and is ended, with
// all that it has started; what it says on standard error is no entropy.
func TestProgram(t *testing.T) {
	fifo, dead := alive(t)
	script := "(exec sleep 300) 3>" + fifo + " & echo noise >&2; exec 3>" + fifo + "; while :; do echo 0123456; done"
	g := gatherers.Program(sh, []string{"sh", "-c", script}, 0.25, gatherers.RunRaw)
	if g.Name != "program:/bin/sh -c "+script || g.Credit != 0.25 || !g.Untrusted || g.Tested {
		t.Errorf("%+v", g)
	}
	data, err := g.Gather(t.Context())
	if want := strings.Repeat("0123456\n", 256); string(data) != want || err != nil {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	dead()
}

func TestProgramThatEnds(t *testing.T) {
	data, err := gatherers.Program("/bin/echo", []string{"echo", "hello"}, 0, gatherers.RunRaw).Gather(t.Context())
	if string(data) != "hello\n" || err == nil || err.Error() != "6 bytes, expected 1024" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := gatherers.Program("/nonexistent", []string{"x"}, 0, gatherers.RunRaw).Gather(t.Context()); err == nil || err.Error() != "not found" {
		t.Error(err)
	}
	fifo, dead := alive(t)
	ctx, stop := context.WithCancel(t.Context())
	go func() { // stops it when the program has begun to say nothing
		f, err := os.OpenFile(fifo, os.O_RDONLY, 0)
		if err == nil {
			io.ReadFull(f, make([]byte, 1))
			f.Close()
		}
		stop()
	}()
	if data, err := gatherers.Program(sh, []string{"sh", "-c", "echo >" + fifo + "; exec sleep 300 3>" + fifo}, 0, gatherers.RunRaw).Gather(ctx); len(data) > 0 || err == nil {
		t.Errorf("silent program: %d bytes, %v", len(data), err)
	}
	dead()
}

// sender accepts once and sends what it is given.
func sender(t *testing.T, network, place string, data []byte) net.Addr {
	l, err := net.Listen(network, place)
	if err != nil {
		t.Skip(err)
	}
	sendAll(t, l, data)
	return l.Addr()
}

// sendAll sends data and its end to each client, and waits until it leaves: a client
// that has asked would lose its answer to a close.
func sendAll(t *testing.T, l net.Listener, data []byte) {
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write(data)
			c.(interface{ CloseWrite() error }).CloseWrite()
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
}

// Issue 14: a socket that sends raw bytes, and counts nothing by TCP.
func TestStream(t *testing.T) {
	good := bytes.Repeat([]byte("stream"), 1000)
	path := filepath.Join(t.TempDir(), "stream")
	sender(t, "unix", path, good)
	g := gatherers.Stream(egdproto.Address{Network: "unix", Path: path}, 0.25)
	if g.Name != "stream:"+path || g.Credit != 0.25 || !g.Untrusted || g.Tested {
		t.Errorf("%+v", g)
	}
	if data, err := g.Gather(t.Context()); !bytes.Equal(data, good[:2048]) || err != nil {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	port := sender(t, "tcp", "127.0.0.1:0", good).(*net.TCPAddr).Port
	g = gatherers.Stream(egdproto.Address{Network: "tcp", Host: "127.0.0.1", Port: port}, 8)
	if data, err := g.Gather(t.Context()); !bytes.Equal(data, good[:1024]) || err != nil || g.Credit != gatherers.None {
		t.Errorf("TCP: %d bytes, %v, credit %v", len(data), err, g.Credit)
	}
	short := filepath.Join(t.TempDir(), "short")
	sender(t, "unix", short, good[:10])
	if data, err := gatherers.Stream(egdproto.Address{Network: "unix", Path: short}, 8).Gather(t.Context()); len(data) != 10 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("short: %d bytes, %v", len(data), err)
	}
}

// A socket that accepts and says nothing: the sample ends with its context.
func TestStreamThatSaysNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "silent")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		c, err := l.Accept()
		stop()
		if err == nil {
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	if data, err := gatherers.Stream(egdproto.Address{Network: "unix", Path: path}, 8).Gather(ctx); len(data) > 0 || err == nil {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

// Issue 14, G9: of a pipe only what was written after the sample began counts,
// and nothing does while others may write to it.
func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	g := gatherers.FIFO(path, 0.5, gatherers.OpenFIFO)
	if g.Name != "fifo:"+path || !g.Untrusted || g.Tested {
		t.Errorf("%+v", g)
	}
	w, err := os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, mode := range []os.FileMode{0o600, 0o620, 0o602, 0o640} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		w.Write(bytes.Repeat([]byte("old"), 5000))
		w.SetWriteDeadline(time.Time{})
		written := make(chan struct{})
		go func() {
			for err := error(nil); err == nil; {
				_, err = w.Write(bytes.Repeat([]byte("new"), 100))
			}
			close(written)
		}()
		data, err := g.Gather(t.Context())
		w.SetWriteDeadline(time.Unix(1, 0))
		<-written
		if strings.Contains(string(data), "old") || len(data) != 1024 {
			t.Errorf("%d bytes, %q...", len(data), data[:min(9, len(data))])
		}
		var why gatherers.Uncredited
		if trusted := mode&0o022 == 0; trusted != (err == nil) || !trusted && !errors.As(err, &why) {
			t.Errorf("%d: mode %#o: %v", i, mode, err)
		}
	}
	w.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if data, err := g.Gather(ctx); len(data) == 1024 && err == nil {
		t.Error("a sample without a writer")
	}
}

// Issue 14, G9: the time of an earlier sample has passed, and old bytes are thrown
// away all the same.
func TestFIFOAfterTimeout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	g := gatherers.FIFO(path, 0.5, gatherers.OpenFIFO)
	w, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0) // does not wait for a reader
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for limit, done := 10*time.Millisecond, false; !done; limit *= 2 {
		ctx, stop := context.WithTimeout(t.Context(), limit)
		filled := make(chan struct{})
		go func() {
			w.SetWriteDeadline(time.Now().Add(limit))
			for err := error(nil); err == nil; {
				_, err = w.Write(make([]byte, 512)) // waits when the pipe is full
			}
			close(filled)
		}()
		_, err := g.Gather(ctx)
		done = err == nil
		<-ctx.Done()
		<-filled
		stop()
	}
	soon, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if data, err := g.Gather(soon); len(data) > 0 || err == nil {
		t.Errorf("%d old bytes, %v", len(data), err)
	}
}

func TestFIFOIsNothingElse(t *testing.T) {
	regular := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(regular, make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{regular, filepath.Dir(regular), os.DevNull} {
		if data, err := gatherers.FIFO(path, 8, gatherers.OpenFIFO).Gather(t.Context()); err == nil || !strings.Contains(err.Error(), "not a named pipe") {
			t.Errorf("%s: %d bytes, %v", path, len(data), err)
		}
	}
}

// E10: a generator that says nothing is told of in words: the sample did not come in time.
func TestNoSampleInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fifo := filepath.Join(t.TempDir(), "f")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, g := range []gatherers.Gatherer{
		gatherers.Stream(egdproto.Address{Network: "unix", Path: path}, 1),
		gatherers.FIFO(fifo, 1, gatherers.OpenFIFO),
		gatherers.Program(sh, []string{"sh", "-c", "exec sleep 300"}, 0, gatherers.RunRaw),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := g.Take(ctx); err == nil || !strings.HasPrefix(err.Error(), "no sample in time: 0 bytes") {
			t.Errorf("%s: %v", g.Name, err)
		}
		cancel()
	}
}
