package server

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/internal/listen"
	"prngd/internal/prng"
)

// faultyListener fails to accept, each time with the next error.
type faultyListener struct {
	net.Listener
	errs    []error
	through func() // is told when there are no more
}

func (l *faultyListener) Accept() (net.Conn, error) {
	if len(l.errs) == 0 {
		l.through()
		return l.Listener.Accept()
	}
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, &net.OpError{Op: "accept", Net: "unix", Err: err}
}

// Accepting goes on after every error, later each time, and the log has one line.
func TestAcceptErrorsAreWaitedOut(t *testing.T) {
	errs := []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED,
		syscall.EINTR, syscall.EAGAIN, syscall.EPERM, syscall.EPROTO, syscall.EMFILE,
	}
	path := t.TempDir() + "/s"
	synctest.Test(t, func(t *testing.T) {
		real, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		log, hook := logtest.NewNullLogger()
		s := New(Config{Generator: newGenerator(t, prng.Seeded), Log: log})
		s.newDriver = newNetDriver
		through := make(chan struct{})
		l := listen.NewListener(&faultyListener{real, errs, sync.OnceFunc(func() { close(through) })}, nil)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Serve(ctx, []*listen.Listener{l}) }()
		<-through

		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte{2, 16})
		if n, err := io.ReadFull(c, make([]byte, 16)); n != 16 {
			t.Errorf("%d bytes, %v", n, err)
		}
		c.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := s.Stats().AcceptErrors; n != uint64(len(errs)) {
			t.Errorf("%d errors counted, want %d", n, len(errs))
		}
		if lines := hook.AllEntries(); len(lines) != 1 || lines[0].Level != logrus.WarnLevel {
			t.Errorf("log: %v", lines)
		}
	})
}

// What a write's error means for a connection, on the portable driver; for the
// loop, test/failcalls has the system calls themselves fail.
func TestWriteErrors(t *testing.T) {
	for _, c := range []struct {
		err     error
		fatal   bool
		retried bool
	}{
		{nil, false, false},
		{syscall.EAGAIN, false, false},
		{syscall.ENOBUFS, false, true},
		{syscall.ENOMEM, false, true},
		{syscall.EPIPE, true, false},
		{syscall.ECONNRESET, true, false},
	} {
		var w nonblockingWrite
		w.took(0, c.err)
		if (w.err != nil) != c.fatal || w.starved != c.retried {
			t.Errorf("%v: error %v, retried: %v", c.err, w.err, w.starved)
		}
	}
}

// faultyConn fails to read, each time with the next error.
type faultyConn struct {
	*net.UnixConn
	errs []error
}

func (c *faultyConn) Read(p []byte) (int, error) {
	if len(c.errs) == 0 {
		return c.UnixConn.Read(p)
	}
	err := c.errs[0]
	c.errs = c.errs[1:]
	return 0, &net.OpError{Op: "read", Net: "unix", Err: err}
}

// hand gives the portable driver of a server that serves already one end of a
// connection, as adapt has changed it, and asks for 16 bytes at the other.
func hand(t *testing.T, s *Server, adapt func(*net.UnixConn) net.Conn) net.Conn {
	path := t.TempDir() + "/s"
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	ours.SetDeadline(time.Now().Add(patience))
	ours.Write([]byte{2, 16})
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.serving().(*netDriver).admit(listen.NewListener(l, nil), adapt(theirs.(*net.UnixConn)))
	return ours
}

func TestReadErrors(t *testing.T) {
	d := serve(t, newNetDriver, prng.Seeded, nil)
	d.ask()
	c := hand(t, d.srv, func(c *net.UnixConn) net.Conn {
		return &faultyConn{c, []error{syscall.ENOBUFS, syscall.ENOMEM}}
	})
	if n, err := io.ReadFull(c, make([]byte, 16)); n != 16 {
		t.Errorf("short of memory: %d bytes, %v", n, err)
	}
	c = hand(t, d.srv, func(c *net.UnixConn) net.Conn { return &faultyConn{c, []error{syscall.ECONNRESET}} })
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reset: %d bytes, %v", n, err)
	}
	d.ask() // other connections go on
}

// lateConn has got the rest of a request, and is asked when its time is over:
// package net says so before it reads.
type lateConn struct{ *net.UnixConn }

func (c lateConn) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Unix(1, 0))
	return c.UnixConn.Read(p)
}

func TestLastLookBeforeADeadline(t *testing.T) {
	d := serve(t, newNetDriver, prng.Seeded, nil)
	d.ask()
	c := hand(t, d.srv, func(c *net.UnixConn) net.Conn { return lateConn{c} })
	if n, err := io.ReadFull(c, make([]byte, 16)); n != 16 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
