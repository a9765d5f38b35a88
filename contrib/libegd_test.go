//go:build cgo && linux

package contrib

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
)

// A build of libegd's test programs, with the sanitizers that watch it.
type build struct {
	name  string
	flags []string
}

var builds = []build{
	{"plain", []string{"-O2", "-D_FORTIFY_SOURCE=2", "-Werror"}},
	{"asan", []string{"-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"}},
	{"tsan", []string{"-O1", "-fsanitize=thread"}},
}

// compile makes a program of libegd ($LIBEGD_SOURCE, if set) and one of its test sources; it skips the test, and says why, where that cannot be.
func compile(t *testing.T, b build, source string) []string {
	t.Helper()
	compiler, err := exec.LookPath(cmp.Or(os.Getenv("CC"), "cc"))
	if err != nil {
		t.Skip("no C compiler here: ", err)
	}
	program := filepath.Join(t.TempDir(), b.name)
	args := append([]string{"-std=gnu11", "-g", "-Wall", "-Wextra", "-Ilibegd"}, b.flags...)
	library := "libegd/egd.c"
	if other := os.Getenv("LIBEGD_SOURCE"); other != "" {
		library, args = other, append(args, "-w") // one with a fault
	}
	args = append(args, "-o", program, "libegd/test/"+source, library, "-pthread")
	if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		if b.name == "plain" && headers(compiler) {
			t.Fatalf("cc: %v\n%s", err, out)
		}
		t.Skipf("%s does not build %s: %.200s", compiler, b.name, out)
	}
	// A sanitizer may not find its way around an address space laid out at random by a new kernel.
	if b.name == "plain" {
		return []string{program}
	}
	for _, how := range [][]string{{program}, {"setarch", "-R", program}} {
		if exec.Command(how[0], how[1:]...).Run() == nil {
			return how
		}
	}
	t.Skip("this system does not run programs built for ", b.name)
	return nil
}

// headers says whether the compiler has what any C program needs.
func headers(compiler string) bool {
	c := exec.Command(compiler, "-x", "c", "-fsyntax-only", "-")
	c.Stdin = strings.NewReader("#include <stdlib.h>\n#include <linux/filter.h>\n")
	return c.Run() == nil
}

// driver is a process of libegd/test/driver.c.
type driver struct {
	t     *testing.T
	cmd   *exec.Cmd
	to    io.WriteCloser
	lines chan string
	said  bytes.Buffer
}

func startDriver(t *testing.T, how []string) *driver {
	d := &driver{t: t, cmd: exec.Command(how[0], how[1:]...), lines: make(chan string)}
	d.cmd.Env = append(os.Environ(), "TSAN_OPTIONS=report_thread_leaks=0") // a child's view of its parent's threads
	d.cmd.Stderr = &d.said
	to, err := d.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	from, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.to = to
	go func() {
		for s := bufio.NewScanner(from); s.Scan(); {
			d.lines <- s.Text()
		}
		close(d.lines)
	}()
	t.Cleanup(d.end)
	return d
}

// end expects that the process goes when nothing more is asked, and that no sanitizer complained.
func (d *driver) end() {
	d.to.Close()
	for range d.lines {
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("the driver: %v\n%s", err, &d.said)
	}
}

// tell sends one command without waiting for its answer.
func (d *driver) tell(command string) { fmt.Fprintln(d.to, command) }

// answer is the next line, or "" if the process has ended.
func (d *driver) answer() string {
	select {
	case line := <-d.lines:
		return line
	case <-time.After(patience):
		return "no answer within the patience of this test"
	}
}

func (d *driver) want(command, want string) {
	d.t.Helper()
	d.tell(command)
	if got := d.answer(); got != want {
		d.t.Errorf("%s: got %q, want %q", command, got, want)
	}
}

// impostor is a server that answers the i-th connection, from 0, as it likes.
type impostor struct {
	net.Listener
	address string
	conns   atomic.Int32
	mu      sync.Mutex
	open    []net.Conn
}

func startImpostor(t *testing.T, network string, play func(i int, c net.Conn)) *impostor {
	m := &impostor{}
	var err error
	switch network {
	case "unix":
		m.address = filepath.Join(t.TempDir(), "egd")
		m.Listener, err = net.Listen("unix", m.address)
	default:
		if m.Listener, err = net.Listen("tcp", network); err == nil {
			m.address = "tcp/" + m.Addr().String()
		}
	}
	if err != nil {
		t.Skip("cannot listen: ", err)
	}
	go m.serve(play)
	t.Cleanup(m.stop)
	return m
}

func (m *impostor) serve(play func(int, net.Conn)) {
	for {
		c, err := m.Accept()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.open = append(m.open, c)
		m.mu.Unlock()
		go play(int(m.conns.Add(1))-1, c)
	}
}

func (m *impostor) stop() {
	m.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.open {
		c.Close()
	}
}

// wantConns counts the connections so far. They are accepted in order, so that one of our own is the last.
func (m *impostor) wantConns(t *testing.T, want int32) {
	t.Helper()
	c, err := net.Dial(m.Addr().Network(), m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for deadline := time.Now().Add(patience); m.conns.Load() <= want && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if got := m.conns.Load() - 1; got != want {
		t.Errorf("%d connections, want %d", got, want)
	}
}

// each answers every request on c by what reply makes of its n, until reply returns nil or the connection ends.
func each(c net.Conn, reply func(k int, n byte) []byte) {
	request := make([]byte, 2)
	for k := 0; ; k++ {
		if _, err := io.ReadFull(c, request); err != nil {
			return
		}
		out := reply(k, request[1])
		if out == nil {
			return
		}
		c.Write(out)
	}
}

// truthful answers as prngd would, but every byte says how many were asked for.
func truthful(_ int, n byte) []byte {
	return honest(egdproto.Request{Command: egdproto.ReadSome, N: n})
}

// deafAfterOne lets every write after the first request fail with EPIPE, while nothing can be read that would tell.
func deafAfterOne(_ int, c net.Conn) {
	each(c, func(_ int, n byte) []byte { c.(*net.UnixConn).CloseRead(); c.Write(truthful(0, n)); return nil })
}

func answers(c net.Conn) { each(c, truthful) }

// promises are what egd(3) says, each with a daemon that tries to break it.
var promises = []struct {
	name  string
	play  func(i int, c net.Conn)
	steps string // commands and answers, by turns; ADDRESS is the impostor's
	conns int32
}{
	{"whole replies of every length, over one connection", func(_ int, c net.Conn) { answers(c) }, `
new ADDRESS 10000
ok
read - 1
ok 1x01
read - 255
ok 255xff
read - 256
ok 255xff 1x01
read - 1000
ok 765xff 235xeb
read - 0
ok
free
socket -1`, 1},
	{"a reply cut anywhere is put together", func(_ int, c net.Conn) {
		each(c, func(_ int, n byte) []byte {
			for _, b := range truthful(0, n) {
				c.Write([]byte{b})
			}
			return []byte{}
		})
	}, `
new ADDRESS 10000
ok
read - 200
ok 200xc8`, 1},
	{"after a short reply the rest is asked for", func(_ int, c net.Conn) {
		each(c, func(_ int, n byte) []byte { return truthful(0, (n+1)/2) })
	}, `
new ADDRESS 10000
ok
read - 100
ok 50x32 25x19 13x0d 6x06 3x03 2x02 1x01`, 1},
	{"an unseeded daemon is an error at once, and keeps its connection", func(_ int, c net.Conn) {
		each(c, func(k int, n byte) []byte {
			if k == 0 {
				return []byte{0}
			}
			return truthful(0, n)
		})
	}, `
new ADDRESS 10000
ok
read - 32
EAGAIN
read - 32
ok 32x20`, 1},
	{"a daemon that becomes unseeded in the middle wipes what came before", func(_ int, c net.Conn) {
		each(c, func(k int, n byte) []byte { return truthful(0, n*byte(1-k)) })
	}, `
new ADDRESS 10000
ok
read - 300
EAGAIN`, 1},
	{"a reply longer than was asked for is none", func(_ int, c net.Conn) {
		each(c, func(_ int, n byte) []byte { return append([]byte{n + 1}, make([]byte, int(n)+1)...) })
	}, `
new ADDRESS 10000
ok
read - 32
EPROTO`, 2},
	{"a lost connection is replaced once, and half a reply forgotten", func(i int, c net.Conn) {
		if i == 0 {
			each(c, func(int, byte) []byte { c.Write([]byte{32, 'o', 'l', 'd'}); c.Close(); return nil })
			return
		}
		answers(c)
	}, `
new ADDRESS 10000
ok
read - 32
ok 32x20
read - 3
ok 3x03`, 2},
	{"a connection lost twice is an error, and the next call tries again", func(i int, c net.Conn) {
		if i < 2 {
			each(c, func(int, byte) []byte { c.Write([]byte{32, 'o', 'l', 'd'}); c.Close(); return nil })
			return
		}
		answers(c)
	}, `
new ADDRESS 10000
ok
read - 32
EPIPE
read - 32
ok 32x20`, 3},
	{"silence ends at the limit, after two attempts", func(int, net.Conn) {}, `
new ADDRESS 100
ok
read - 32
ETIMEDOUT`, 2},
	{"half a reply is none", func(_ int, c net.Conn) {
		each(c, func(_ int, n byte) []byte { return truthful(0, n)[:n] })
	}, `
new ADDRESS 100
ok
read - 255
ETIMEDOUT`, 2},
	{"drops do not stretch the limit", func(_ int, c net.Conn) { // sixty thousand in a tenth of a second is out of reach
		each(c, func(_ int, n byte) []byte { return []byte{1, n} })
	}, `
new ADDRESS 100
ok
read - 60000
ETIMEDOUT`, 2},
	{"a silent connection is left for a fresh one", func(i int, c net.Conn) {
		if i > 0 {
			answers(c)
		}
	}, `
new ADDRESS 4000
ok
read - 32
ok 32x20`, 2},
	{"bytes that nobody asked for are not the next reply", func(i int, c net.Conn) {
		each(c, func(_ int, n byte) []byte {
			if i == 0 {
				return append(truthful(0, n), 3, 's', 't', 'a', 'l', 'e')
			}
			return truthful(0, n)
		})
	}, `
new ADDRESS 10000
ok
read - 4
ok 4x04
read - 3
ok 3x03`, 2},
	{"the end of file between two calls costs no error", func(i int, c net.Conn) {
		each(c, func(_ int, n byte) []byte { c.Write(truthful(0, n)); c.Close(); return nil })
	}, `
new ADDRESS 10000
ok
read - 9
ok 9x09
read - 9
ok 9x09
read - 9
ok 9x09`, 3},
	{"a write that nobody will read is no SIGPIPE", deafAfterOne, `
new ADDRESS 10000
ok
read - 9
ok 9x09
read - 9
ok 9x09`, 2},
	{"a descriptor whose number became a file's is neither used nor closed", func(_ int, c net.Conn) { answers(c) }, `
new ADDRESS 10000
ok
read - 9
ok 9x09
steal FILE
ok
read - 8
ok 8x08
thief FILE
1 open, 0 bytes
steal FILE
ok
free
socket -1
thief FILE
2 open, 0 bytes`, 2},
	{"a child gets a connection of its own", func(i int, c net.Conn) {
		each(c, func(_ int, n byte) []byte { return append([]byte{n}, bytes.Repeat([]byte{byte(i)}, int(n))...) })
	}, `
new ADDRESS 10000
ok
read - 4
ok 4x00
fork - 4
ok 4x01
read - 4
ok 4x00`, 2},
	{"a child without fork handlers, too", func(_ int, c net.Conn) { answers(c) }, `
new ADDRESS 10000
ok
read - 9
ok 9x09
clone - 8
ok 8x08
read - 7
ok 7x07
fork - 6
ok 6x06
read - 5
ok 5x05`, 3},
	{"standard descriptors are never the connection's", func(_ int, c net.Conn) { answers(c) }, `
closed
ok
new ADDRESS 10000
ok
read - 9
ok 9x09
where
above 2`, 1},
	{"a cancelled thread finishes its call first", func(_ int, c net.Conn) { answers(c) }, `
new ADDRESS 10000
ok
cancel - 9
ok 9x09
read - 9
ok 9x09`, 1},
	{"confined: no connection is made, and none replaced", func(i int, c net.Conn) {
		each(c, func(_ int, n byte) []byte { c.Write(truthful(0, n)); c.Close(); return nil })
	}, `
new ADDRESS 10000
ok
connect
ok
confine
ok
read - 9
ok 9x09
read - 9
ENOTCONN
connect
ENOTCONN`, 1},
}

func TestLibegd(t *testing.T) {
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) {
			how := compile(t, b, "driver.c")
			for _, p := range promises {
				t.Run(p.name, func(t *testing.T) {
					t.Parallel()
					m := startImpostor(t, "unix", p.play)
					playSteps(t, startDriver(t, how), m.address, p.steps)
					m.wantConns(t, p.conns)
				})
			}
			t.Run("threads and forks", func(t *testing.T) { t.Parallel(); threadsAndForks(t, how) })
			t.Run("threads wait no longer", func(t *testing.T) { t.Parallel(); threadsInVain(t, how) })
			t.Run("addresses", func(t *testing.T) { t.Parallel(); everyAddress(t, how) })
			t.Run("TCP", func(t *testing.T) { t.Parallel(); byTCP(t, how) })
			t.Run("no daemon", func(t *testing.T) { t.Parallel(); withoutDaemon(t, how) })
			if b.name != "plain" {
				return // a sanitizer makes calls that OpenSSH's sandbox does not allow
			}
			for _, p := range confinements {
				t.Run("in OpenSSH's sandbox "+p.name, func(t *testing.T) {
					t.Parallel()
					m := startImpostor(t, "unix", p.play)
					playSteps(t, startDriver(t, how), m.address, p.steps)
					m.wantConns(t, min(1, int32(strings.Count(p.steps, "connect\nok"))))
				})
			}
		})
	}
}

func playSteps(t *testing.T, d *driver, address, steps string) {
	steps = strings.ReplaceAll(steps, "FILE", filepath.Join(t.TempDir(), "file"))
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(steps, "ADDRESS", address)), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		d.want(lines[i], lines[i+1])
	}
}

// confinements are plays inside OpenSSH's sandbox, where a call that is not allowed kills the process.
var confinements = []struct {
	name  string
	play  func(i int, c net.Conn)
	steps string
}{
	{"a connection from before is used", func(_ int, c net.Conn) { answers(c) }, `
new ADDRESS 10000
ok
connect
ok
sandbox
ok
read - 9
ok 9x09
read - 1000
ok 765xff 235xeb`},
	{"without one there is an error", func(_ int, c net.Conn) { answers(c) }, `
new ADDRESS 10000
ok
sandbox
ok
read - 9
ENOTCONN
connect
ENOTCONN`},
	{"a lost one is an error", func(_ int, c net.Conn) {
		each(c, func(_ int, n byte) []byte { c.Write(truthful(0, n)); c.Close(); return nil })
	}, `
new ADDRESS 10000
ok
connect
ok
sandbox
ok
read - 9
ok 9x09
read - 9
ENOTCONN
read - 9
ENOTCONN`},
	{"a write that nobody will read is no SIGPIPE", deafAfterOne, `
new ADDRESS 10000
ok
connect
ok
sandbox
ok
read - 9
ok 9x09
read - 9
ENOTCONN`},
	{"silence ends at the limit", func(int, net.Conn) {}, `
new ADDRESS 100
ok
connect
ok
sandbox
ok
read - 9
ENOTCONN`},
}

func everyAddress(t *testing.T, how []string) {
	d := startDriver(t, how)
	for _, c := range []struct{ address, want string }{
		{"-", "ok"}, {"/", "ok"}, {"/" + strings.Repeat("x", 106), "ok"}, {"/" + strings.Repeat("x", 107), "ENAMETOOLONG"},
		{"tcp/127.0.0.1:1", "ok"}, {"tcp/[::1]:65535", "ok"}, {"tcp/localhost:708", "ok"}, {"tcp/::1:708", "ok"},
		{"egd", "EINVAL"}, {"tcp/", "EINVAL"}, {"tcp/:1", "EINVAL"}, {"tcp/127.0.0.1", "EINVAL"}, {"tcp/127.0.0.1:", "EINVAL"},
		{"tcp/127.0.0.1:0", "EINVAL"}, {"tcp/127.0.0.1:65536", "EINVAL"}, {"tcp/127.0.0.1:1x", "EINVAL"}, {"tcp/127.0.0.1:-1", "EINVAL"},
		{"tcp/127.0.0.1:99999999999999999999", "EINVAL"}, {"tcp/host.example:1", "EINVAL"}, {"tcp/[]:1", "EINVAL"}, {"tcp/[:1", "EINVAL"},
		{"tcp/" + strings.Repeat("1", 200) + ":1", "EINVAL"},
	} {
		d.want("new "+c.address+" 100", c.want)
		if c.want == "ok" {
			d.want("free", "socket -1")
		}
	}
}

func byTCP(t *testing.T, how []string) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		m := startImpostor(t, at, func(_ int, c net.Conn) { answers(c) })
		for _, address := range []string{m.address, fmt.Sprintf("tcp/localhost:%d", m.Addr().(*net.TCPAddr).Port)} {
			playSteps(t, startDriver(t, how), address, "new ADDRESS 10000\nok\nread - 300\nok 255xff 45x2d\nfree\nsocket -1")
		}
	}
}

// withoutDaemon has nobody listen, then a queue that is full, then a daemon again: the same handle is told so each time.
func withoutDaemon(t *testing.T, how []string) {
	path := filepath.Join(t.TempDir(), "egd")
	d := startDriver(t, how)
	d.want("new "+path+" 200", "ok")
	d.want("read - 9", "ENOENT")

	l, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(unix.Bind(l, &unix.SockaddrUnix{Name: path}), unix.Listen(l, 0)); err != nil {
		t.Fatal(err)
	}
	waiting, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	d.want("read - 9", "ETIMEDOUT")
	waiting.Close()
	unix.Close(l)
	d.want("read - 9", "ECONNREFUSED")

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	back, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	go func() {
		c, err := back.Accept()
		if err == nil {
			answers(c)
		}
	}()
	d.want("new "+path+" 10000", "ok")
	d.want("read - 9", "ok 9x09")
}

// TestLibegdImpostor has an impostor answer at random, and expects of each call exactly what its reply was worth.
// scripts/test libegd runs the same with libFuzzer.
func TestLibegdImpostor(t *testing.T) {
	for _, b := range builds[1:] {
		t.Run(b.name, func(t *testing.T) {
			how := compile(t, b, "fuzz.c")
			out, err := exec.Command(how[0], append(how[1:], "500", "20260131")...).CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), "500 inputs, 2000 calls, ") {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// threadsAndForks has sixteen threads and their process's children read through one handle, whose connection is cut now and then.
func threadsAndForks(t *testing.T, how []string) {
	m := startImpostor(t, "unix", func(_ int, c net.Conn) {
		each(c, func(k int, n byte) []byte {
			if k == 20 {
				c.Close() // before the reply: the first of a call's two attempts
				return nil
			}
			return truthful(0, n)
		})
	})
	d := startDriver(t, how)
	d.want("new "+m.address+" 60000", "ok")
	d.want("threads 16 100 8", strings.Repeat("ok ", 16)+"0 bad children")
}

// threadsInVain has threads wait for each other as well as for a daemon that says nothing.
func threadsInVain(t *testing.T, how []string) {
	m := startImpostor(t, "unix", func(int, net.Conn) {})
	d := startDriver(t, how)
	d.want("new "+m.address+" 100", "ok")
	d.want("threads 16 1 2", strings.Repeat("ETIMEDOUT ", 16)+"2 bad children")
}
