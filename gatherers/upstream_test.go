package gatherers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prngd/egdproto"
	"prngd/gatherers"
)

// A step of a scripted EGD: what it expects to read, what it answers.
type step struct{ ask, reply []byte }

// serve plays a script to the first client, then hangs up.
func serve(l net.Listener, script []step) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	for _, s := range script {
		got := make([]byte, len(s.ask))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, s.ask) {
			return fmt.Errorf("asked % x, want % x: %v", got, s.ask, err)
		}
		if _, err := c.Write(s.reply); err != nil {
			return err
		}
	}
	return nil
}

// scriptedEGD returns the address of an EGD in this process that plays a script.
func scriptedEGD(t *testing.T, script []step) (egdproto.Address, <-chan error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "egd")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan error, 1)
	go func() { done <- serve(l, script) }()
	return egdproto.Address{Network: "unix", Path: path}, done
}

func fill(n int, x byte) []byte { return bytes.Repeat([]byte{x}, n) }

// An EGD that has 10 bytes at once and gives the others when waited for.
var halfEmpty = []step{
	{[]byte{1, 64}, append([]byte{10}, fill(10, 'a')...)},
	{[]byte{2, 54}, fill(54, 'b')},
}

func TestUpstream(t *testing.T) {
	for _, c := range []struct {
		name   string
		script []step
		want   string
		err    string // part of it; "" is none but the remark that it is ourselves
	}{
		{"full", []step{{[]byte{1, 64}, append([]byte{64}, fill(64, 'a')...)}}, strings.Repeat("a", 64), ""},
		{"half empty", halfEmpty, strings.Repeat("a", 10) + strings.Repeat("b", 54), ""},
		{"empty", []step{{[]byte{1, 64}, []byte{0}}, {[]byte{2, 64}, fill(64, 'b')}}, strings.Repeat("b", 64), ""},
		{"hangs up at once", nil, "", "EGD"},
		{"hangs up inside", []step{{[]byte{1, 64}, []byte{64, 'a', 'a'}}}, "", "EOF"},
		{"gives more than asked", []step{{[]byte{1, 64}, append([]byte{65}, fill(65, 'a')...)}}, "", "65 bytes"},
	} {
		address, done := scriptedEGD(t, c.script)
		g := gatherers.EGD(address, 8)
		data, err := g.Gather(t.Context())
		var ourselves gatherers.Uncredited
		if c.err == "" && !errors.As(err, &ourselves) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		}
		if c.err == "" && string(data) != c.want || len(data) > 64 {
			t.Errorf("%s: %q", c.name, data)
		}
		if err := <-done; c.err == "" && err != nil {
			t.Errorf("%s: server: %v", c.name, err)
		}
	}
}

func TestUpstreamDescribesItself(t *testing.T) {
	g := gatherers.EGD(egdproto.Address{Network: "unix", Path: "/run/other-pool"}, 0.5)
	if g.Name != "egd:/run/other-pool" || g.Credit != 0.5 || !g.Untrusted {
		t.Errorf("%+v", g)
	}
	g = gatherers.EGD(egdproto.Address{Network: "tcp", Host: "localhost", Port: 708}, 0.5)
	if g.Name != "egd:tcp/localhost:708" || g.Credit != gatherers.None {
		t.Errorf("TCP: %s has credit %v", g.Name, g.Credit)
	}
}

func TestUpstreamThatNeverAnswers(t *testing.T) {
	address, _ := scriptedEGD(t, []step{{ask: fill(1000, 0)}})
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if data, err := gatherers.EGD(address, 8).Gather(ctx); err == nil {
		t.Errorf("%d bytes from nobody", len(data))
	}
	if _, err := gatherers.EGD(egdproto.Address{Network: "unix", Path: "/nonexistent/egd"}, 8).Gather(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing socket: %v", err)
	}
}

// An upstream is only credited if another process serves it: this is the other.
func TestMain(m *testing.M) {
	path := os.Getenv("EGD_TEST_SOCKET")
	if path == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("unix", path)
	if err == nil {
		fmt.Println("listening")
		err = serve(l, halfEmpty)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestUpstreamOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "egd")
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), "EGD_TEST_SOCKET="+path)
	other.Stderr = os.Stderr
	out, err := other.StdoutPipe()
	if err == nil {
		err = other.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(out, make([]byte, len("listening\n")))
	g := gatherers.EGD(egdproto.Address{Network: "unix", Path: path}, 8)
	data, err := g.Gather(t.Context())
	if len(data) != 64 || err != nil {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if want := fmt.Sprintf("served by process %d", other.Process.Pid); g.Detail() != want && g.Detail() != "" {
		t.Errorf("detail %q, want %q", g.Detail(), want)
	}
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
}

// FuzzUpstream: whatever an upstream replies: a whole sample and no error, or an error beside
// no more than a sample.
func FuzzUpstream(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0})
	f.Add(append([]byte{64}, fill(64, 1)...))
	f.Add(append([]byte{10}, fill(64, 1)...))
	f.Add(append([]byte{255}, fill(255, 1)...))
	f.Fuzz(func(t *testing.T, reply []byte) {
		path := filepath.Join(t.TempDir(), "egd")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go babble(l, reply)
		data, err := gatherers.EGD(egdproto.Address{Network: "unix", Path: path}, 8).Gather(t.Context())
		var ourselves gatherers.Uncredited
		good := err == nil || errors.As(err, &ourselves)
		if len(data) > 64 || good && len(data) != 64 {
			t.Errorf("reply % x: %d bytes, %v", reply, len(data), err)
		}
		if enough := len(reply) >= 65 && reply[0] <= 64; good != enough {
			t.Errorf("reply % x: %v", reply, err)
		}
	})
}

// babble replies before it is asked, says no more, and listens to the end.
func babble(l net.Listener, reply []byte) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	c.Write(reply)
	c.(*net.UnixConn).CloseWrite()
	io.Copy(io.Discard, c)
}
