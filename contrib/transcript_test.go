package contrib

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTranscripts plays what is in testdata/relay: a client, the relay, and an upstream that says what it is told.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/relay/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts")
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		line := 1
		for part := range strings.SplitSeq(string(text), "\n\n") {
			steps, first := stepsOf(part), line
			line += strings.Count(part, "\n") + 2
			if len(steps) == 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(name), first), func(t *testing.T) {
				t.Parallel()
				newStage(t).play(steps)
			})
		}
	}
}

func stepsOf(part string) (steps []string) {
	for line := range strings.Lines(part) {
		step, _, _ := strings.Cut(line, "#")
		if step = strings.TrimSpace(step); step != "" {
			steps = append(steps, step)
		}
	}
	return steps
}

// stage is where one part is played.
type stage struct {
	t        *testing.T
	relay    *relay
	client   *net.UnixConn
	other    *net.UnixConn // a client that asks only what the relay answers by itself
	listener *net.TCPListener
	closed   bool         // it does not listen now
	up       *net.TCPConn // what the relay has connected, once it was looked at
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, listener: listenLow(t)}
	t.Cleanup(func() { s.listener.Close() })
	s.relay = startRelay(t, s.listener.Addr().String(), true)
	s.client, s.other = s.relay.dial(), s.relay.dial()
	return s
}

func (s *stage) play(steps []string) {
	ended := false
	for i, step := range steps {
		side, arg, _ := strings.Cut(step, " ")
		arg = strings.TrimSpace(arg)
		if side != "<" && !ended {
			s.silent(step)
		}
		if side == "+" {
			s.alone(step)
		}
		switch side {
		case ">":
			s.send(s.client, arg)
		case "{":
			s.upstream(arg)
		case "}":
			s.asked(step, arg)
		case "<":
			s.answered(step, arg)
			ended = ended || arg == "EOF"
		case "+":
			s.later(arg)
		default:
			s.t.Fatalf("step %d: %q is none", i, step)
		}
		s.settle()
	}
	if !ended {
		s.silent("the end")
	}
}

// settle returns when the relay has read all that was sent to it, and has done what there was to do: it has
// but one loop, and in the turn after the first answer it looks at everybody.
func (s *stage) settle() {
	var reply [16]byte
	for range 3 {
		if _, err := s.other.Write([]byte{4}); err != nil {
			s.t.Fatal(err)
		}
		if _, err := s.other.Read(reply[:]); err != nil {
			s.t.Fatal("the relay does not answer: ", err)
		}
	}
}

// silent checks that the client has got nothing that the transcript does not know of.
func (s *stage) silent(before string) {
	s.t.Helper()
	raw, err := s.client.SyscallConn()
	if err != nil {
		s.t.Fatal(err)
	}
	var n int
	var got [1 << 16]byte
	raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), got[:])
		return true
	})
	if !errors.Is(err, syscall.EAGAIN) {
		s.t.Fatalf("before %q: the client got %x, %v", before, got[:max(n, 0)], err)
	}
}

// alone checks that the relay has made no connection that the transcript does not know of.
func (s *stage) alone(before string) {
	s.t.Helper()
	if s.up != nil || s.closed {
		return
	}
	var n int
	if err := s.withListener(func(fd int) (err error) { n, _, err = syscall.Accept(fd); return }); !errors.Is(err, syscall.EAGAIN) {
		s.t.Fatalf("before %q: the relay has connected as %d, %v", before, n, err)
	}
}

// withListener does something with the descriptor that listens. The port stays ours while nothing listens.
func (s *stage) withListener(do func(fd int) error) (err error) {
	raw, err := s.listener.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) { err = do(int(fd)) }); e != nil {
		return e
	}
	return err
}

func (s *stage) send(c interface {
	io.Writer
	CloseWrite() error
}, arg string) {
	if arg == "EOF" {
		c.CloseWrite()
		return
	}
	if _, err := c.Write(s.parse(arg)); err != nil {
		s.t.Fatal(err)
	}
}

// answered reads once: what the relay writes at once has to be all of it.
func (s *stage) answered(step, arg string) {
	got := make([]byte, 1<<16)
	n, err := s.client.Read(got)
	if arg == "EOF" {
		if n != 0 || err != io.EOF {
			s.t.Fatalf("%s: got %x, %v", step, got[:n], err)
		}
		return
	}
	want := s.parse(arg)
	if err != nil || !bytes.Equal(got[:n], want) {
		s.t.Fatalf("%s: got %x, %v", step, got[:n], err)
	}
}

// upstream: it says something, or what becomes of it.
func (s *stage) upstream(arg string) {
	switch arg {
	case "closes":
		s.hangUp()
	case "dies":
		if err := s.withListener(func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_RDWR) }); err != nil {
			s.t.Skip("a socket cannot stop listening here: ", err)
		}
		if s.closed = true; s.up != nil {
			s.hangUp()
		}
	case "returns":
		if err := s.withListener(func(fd int) error { return syscall.Listen(fd, 5) }); err != nil {
			s.t.Fatal(err)
		}
		s.closed = false
	default:
		s.send(s.up, arg)
	}
}

// hangUp ends the connection, and returns when the relay has ended its side as well: on a busy machine the
// kernel is in no hurry with the news, and the clock must not move before they are there.
func (s *stage) hangUp() {
	s.up.CloseWrite()
	if _, err := io.Copy(io.Discard, s.up); errors.Is(err, os.ErrDeadlineExceeded) {
		s.t.Fatal("the relay keeps a connection that has ended")
	}
	s.up.Close()
	s.up = nil
}

// asked: what the relay says to the upstream, over a new connection if there is none.
func (s *stage) asked(step, arg string) {
	if s.up == nil {
		s.listener.SetDeadline(time.Now().Add(patience))
		up, err := s.listener.AcceptTCP()
		if err != nil {
			s.t.Fatalf("%s: %v", step, err)
		}
		s.t.Cleanup(func() { up.Close() })
		up.SetDeadline(time.Now().Add(patience))
		s.up = up
	}
	if arg == "closes" {
		if n, err := s.up.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			s.t.Fatalf("%s: %d, %v", step, n, err)
		}
		s.up = nil
		return
	}
	want := s.parse(arg)
	got := make([]byte, len(want))
	if n, err := io.ReadFull(s.up, got); !bytes.Equal(got, want) {
		s.t.Fatalf("%s: asked for %x, %v", step, got[:n], err)
	}
}

// later moves the relay's clock by so many seconds.
func (s *stage) later(arg string) {
	var seconds int
	if _, err := fmt.Sscanf(arg, "%ds", &seconds); err != nil {
		s.t.Fatal(arg, err)
	}
	for ; seconds > 0; s.settle() {
		sig := syscall.SIGUSR1
		if seconds--; seconds >= 9 {
			seconds -= 9
			sig = syscall.SIGUSR2
		}
		if err := s.relay.cmd.Process.Signal(sig); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) parse(arg string) []byte {
	own := fmt.Sprint(s.relay.cmd.Process.Pid)
	arg = strings.ReplaceAll(arg, "pid", fmt.Sprintf("%02x%x", len(own), own))
	b, err := hex.DecodeString(strings.ReplaceAll(arg, " ", ""))
	if err != nil {
		s.t.Fatal(arg, err)
	}
	return b
}
