package server

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/prng"
)

// patience is how long a test waits for what must happen: less than what would
// happen by itself, the 9 s of command 1.
const patience = 8 * time.Second

// daemon is a server on a Unix socket, and what a test needs to know of it.
type daemon struct {
	t         testing.TB
	generator *prng.Generator
	srv       *Server
	path      string
	log       *logtest.Hook
	stop      func() // and wait for the end
}

// beSomebody skips a test whose writes are to be credited, run by a user whose never
// are.
func beSomebody(t *testing.T) {
	if os.Getuid() == nobody {
		t.Skipf("writes of uid %d are never credited", nobody)
	}
}

// newGenerator returns a generator in this state.
func newGenerator(t testing.TB, state prng.State) *prng.Generator {
	generator, err := prng.New(prng.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if state != prng.Unseeded {
		seed(generator)
	}
	if state == prng.ReseedRequired {
		generator.Hold(prng.Jumped)
	}
	if generator.State() != state {
		t.Fatalf("the generator is %v, want %v", generator.State(), state)
	}
	return generator
}

func seed(generator *prng.Generator) {
	for i := range 8 {
		generator.Source(prng.Policy{Name: "test"}).Add(bytes.Repeat([]byte{byte(i)}, 64), 128)
	}
}

// newDriver makes a driver.
type newDriver func(*core, []Connection) (driver, error)

// startFunc is serve on one driver.
type startFunc func(t *testing.T, state prng.State, adapt func(*Config)) *daemon

// eachDriver runs a test on the driver of this system, and on the portable one
// if that is another.
func eachDriver(t *testing.T, test func(*testing.T, startFunc)) {
	drivers := map[string]newDriver{"net": newNetDriver}
	if runtime.GOOS == "linux" {
		drivers["epoll"] = systemDriver
	}
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, state prng.State, adapt func(*Config)) *daemon {
				t.Helper()
				return serve(t, driver, state, adapt)
			})
		})
	}
}

func serve(t testing.TB, driver newDriver, state prng.State, adapt func(*Config)) *daemon {
	t.Helper()
	d := &daemon{t: t, generator: newGenerator(t, state), path: filepath.Join(t.TempDir(), "s")}
	log, hook := logtest.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	d.log = hook
	config := Config{Generator: d.generator, Log: log, PID: 4711, UnseededWait: maxUnseededWait}
	if adapt != nil {
		adapt(&config)
	}
	d.srv = New(config)
	d.srv.newDriver = driver
	ls, err := openListeners(listen.Options{Address: egdproto.Address{Network: "unix", Path: d.path}})
	if err != nil {
		t.Fatal(err)
	}
	d.start(ls)
	return d
}

// openListeners makes the sockets of one listen line.
func openListeners(o listen.Options) ([]*listen.Listener, error) {
	if o.Address.Network == "unix" {
		o.Mode, o.GID = 0o777, -1
	}
	log, _ := logtest.NewNullLogger()
	set := listen.NewSet(listen.Config{Log: log})
	c, err := set.Prepare(context.Background(), []listen.Options{o}, listen.Start)
	if err != nil {
		return nil, err
	}
	err = c.Commit()
	return set.Listeners(), err
}

func (d *daemon) start(ls []*listen.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.srv.Serve(ctx, ls); err != nil {
			d.t.Error(err)
		}
	})
	d.stop = func() { cancel(); running.Wait() }
	d.t.Cleanup(d.stop)
}

func (d *daemon) dial() *client {
	d.t.Helper()
	c, err := net.Dial("unix", d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &client{d, c.(*net.UnixConn)}
}

// eventually waits for what another goroutine is about to do.
func (d *daemon) eventually(what string, ok func(Stats) bool) {
	d.t.Helper()
	for end := time.Now().Add(patience); !ok(d.srv.Stats()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("%s never happened: %+v", what, d.srv.Stats())
		}
	}
}

// client is one connection, and the party of a transcript.
type client struct {
	d *daemon
	c *net.UnixConn
}

func (c *client) Send(b []byte) { c.c.Write(b) }
func (c *client) ShutWrite()    { c.c.CloseWrite() }

func (c *client) Receive(n int) []byte {
	b := make([]byte, n)
	n, _ = io.ReadFull(c.c, b)
	return b[:n]
}

// rest returns what is there; a daemon that has something to say that it should
// not has most likely said it by now, or does until the end of the block.
func (c *client) Rest() []byte {
	b := make([]byte, 4096)
	raw, _ := c.c.SyscallConn()
	n := 0
	raw.Read(func(fd uintptr) bool { n, _ = syscall.Read(int(fd), b); return true })
	return b[:max(n, 0)]
}

// closed, told to wait, waits for the daemon to close.
func (c *client) Closed(wait bool) bool {
	if wait {
		_, err := c.c.Read(make([]byte, 1))
		return err == io.EOF
	}
	raw, _ := c.c.SyscallConn()
	n, err := -1, error(nil)
	raw.Read(func(fd uintptr) bool { n, err = syscall.Read(int(fd), make([]byte, 1)); return true })
	return n == 0 && err == nil
}

func (c *client) Later(time.Duration) { c.d.t.Fatal("time passes by itself here") }

func (c *client) SetState(state prng.State) {
	switch {
	case state == c.d.generator.State():
	case state == prng.ReseedRequired:
		c.d.generator.Hold(prng.Jumped)
	case state == prng.Seeded && c.d.generator.State() == prng.Unseeded:
		seed(c.d.generator)
	case state == prng.Seeded:
		c.d.generator.Release(c.d.generator.Ticket())
	}
	if c.d.generator.State() != state {
		c.d.t.Fatalf("the generator is %v, want %v", c.d.generator.State(), state)
	}
}
