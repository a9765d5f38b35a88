// Package contrib holds nothing but the tests of what is beside it.
package contrib

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"prngd/egdproto"
)

// patience bounds every wait for a relay or a libegd; nothing is concluded from how long one took. A planted fault
// may make a wait endless, so that the scripts which plant one set $CONTRIB_PATIENCE, a duration.
var patience = patienceOf(os.Getenv("CONTRIB_PATIENCE"))

func patienceOf(text string) time.Duration {
	d, err := time.ParseDuration(cmp.Or(text, "5m"))
	if err != nil {
		panic("CONTRIB_PATIENCE: " + err.Error())
	}
	return d
}

// standing runs the relay with a clock that moves only by SIGUSR2, which is ten seconds, and SIGUSR1, one.
const standing = `my $file = shift;
do $file or die $@ || $!;
{ local $^W = 0; *{'tick'} = sub {} }
$SIG{USR1} = sub { $main::relay_clock += 1 };
$SIG{USR2} = sub { $main::relay_clock += 10 };
main();`

// perl is the one to test with: $PERL, else the one in $PATH.
func perl(t *testing.T) string {
	path, err := exec.LookPath(cmp.Or(os.Getenv("PERL"), "perl"))
	if err != nil {
		t.Skip("no Perl here: ", err)
	}
	return path
}

// script is the relay to test: $EGD_RELAY, else the one in this directory.
func script(t *testing.T) string {
	path, err := filepath.Abs(cmp.Or(os.Getenv("EGD_RELAY"), "egd-relay"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

type relay struct {
	t    *testing.T
	path string
	cmd  *exec.Cmd
	said bytes.Buffer
}

// startRelay runs the relay in the foreground; stopped says whether its clock stands still.
func startRelay(t *testing.T, upstream string, stopped bool, options ...string) *relay {
	r := &relay{t: t, path: filepath.Join(t.TempDir(), "egd")}
	args := []string{"-w"}
	if stopped {
		args = append(args, "-e", standing)
	}
	args = append(args, script(t), "-f", "-u", upstream)
	r.cmd = exec.Command(perl(t), append(append(args, options...), r.path)...)
	r.cmd.Stderr = &r.said
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	for deadline := time.Now().Add(patience); ; {
		c, err := net.Dial("unix", r.path)
		if err == nil {
			c.Close()
			return r
		}
		if time.Now().After(deadline) {
			t.Fatal("the relay does not listen: ", err)
		}
		time.Sleep(time.Millisecond)
	}
}

func (r *relay) stop() {
	r.cmd.Process.Signal(syscall.SIGTERM)
	if err := r.cmd.Wait(); err != nil {
		r.t.Errorf("the relay: %v", err)
	}
	if strings.Contains(r.said.String(), " line ") {
		r.t.Error("Perl complains")
	}
	if r.said.Len() > 0 {
		r.t.Logf("the relay said: %s", &r.said)
	}
	if _, err := os.Lstat(r.path); err == nil {
		r.t.Error("the relay left its socket behind")
	}
}

func (r *relay) dial() *net.UnixConn {
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: r.path, Net: "unix"})
	if err != nil {
		r.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	r.t.Cleanup(func() { c.Close() })
	return c
}

// listenLow listens on a port that no connection is given as its own: one that connects to nobody must not meet itself.
func listenLow(t *testing.T) *net.TCPListener {
	for range 100 {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 20000 + rand.IntN(12000)})
		if err == nil {
			return l
		}
	}
	t.Fatal("no free port")
	return nil
}

// TestEveryReplyIsWhole has twenty clients ask at random of an upstream that cuts its replies anywhere and
// its connections, too. Nobody may notice: each reply says in every byte how long it ought to be.
func TestEveryReplyIsWhole(t *testing.T) {
	l := listenLow(t)
	defer l.Close()
	go unreliable(l)
	r := startRelay(t, l.Addr().String(), false)
	failed := make(chan error)
	const clients = 20
	for i := range clients {
		c := r.dial()
		go func() { failed <- askAtRandom(c, rand.New(rand.NewPCG(uint64(i), 0)), 200) }()
	}
	for range clients {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func askAtRandom(c *net.UnixConn, random *rand.Rand, n int) error {
	var ask, want []byte
	for range n {
		length := byte(random.IntN(256))
		switch random.IntN(4) {
		case 0:
			ask, want = append(ask, 0), append(want, 0, 0, 32, 0)
		case 1:
			ask, want = append(ask, 1, length), append(append(want, length), bytes.Repeat([]byte{length}, int(length))...)
		case 2:
			ask, want = append(ask, 2, length), append(want, bytes.Repeat([]byte{length}, int(length))...)
		case 3:
			ask = append(append(ask, 3, 0, 0, length), make([]byte, length)...)
		}
	}
	go func() {
		for len(ask) > 0 {
			k := min(len(ask), 1+random.IntN(600))
			c.Write(ask[:k])
			ask = ask[k:]
		}
		c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("got %d bytes instead of %d, or others", len(got), len(want))
	}
	return err
}

// unreliable answers each connection with replies in two pieces, some of them only half.
func unreliable(l net.Listener) {
	for i := uint64(0); ; i++ {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go answerBadly(c, rand.New(rand.NewPCG(i, 1)))
	}
}

func answerBadly(c net.Conn, random *rand.Rand) {
	defer c.Close()
	var asked []byte
	for buf := make([]byte, 1<<10); ; {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		asked = append(asked, buf[:n]...)
		for {
			q, n, err := egdproto.Parse(asked)
			if err != nil {
				break
			}
			asked = asked[n:]
			reply := honest(q)
			cut := random.IntN(len(reply) + 1)
			c.Write(reply[:cut])
			if cut > 0 && random.IntN(10) == 0 {
				return
			}
			c.Write(reply[cut:])
		}
	}
}

func honest(q egdproto.Request) []byte {
	filled := bytes.Repeat([]byte{q.N}, int(q.N))
	switch q.Command {
	case egdproto.Count:
		return []byte{0, 0, 32, 0}
	case egdproto.ReadSome:
		return append([]byte{q.N}, filled...)
	case egdproto.ReadAll:
		return filled
	}
	return nil
}

// TestPlaces: what is in the way of the relay's socket, and what it does about it.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		put  func(t *testing.T, path string) error
		want string // of standard error; "" = it starts
	}{
		{"nothing", func(*testing.T, string) error { return nil }, ""},
		{"dead", dead, ""},
		{"alive", alive, "in use by another process"},
		{"file", func(_ *testing.T, path string) error { return os.WriteFile(path, nil, 0o600) }, "will not touch it"},
		{"link", func(_ *testing.T, path string) error { return os.Symlink("elsewhere", path) }, "will not touch it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.name)
			if err := c.put(t, path); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(perl(t), "-w", script(t), "-u", "127.0.0.1:9", "-m", "640", "-p", path+".pid", path).CombinedOutput()
			if c.want != "" {
				if err == nil || !strings.Contains(string(out), c.want) {
					t.Fatalf("%v, %q instead of %q", err, out, c.want)
				}
				return
			}
			if err != nil || len(out) > 0 {
				t.Fatalf("%v, %q", err, out)
			}
			endInBackground(t, path)
		})
	}
}

func alive(t *testing.T, path string) error {
	l, err := net.Listen("unix", path)
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	return err
}

func dead(_ *testing.T, path string) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	return l.Close()
}

// endInBackground looks at a relay that has gone to the background, and ends it by -k.
func endInBackground(t *testing.T, path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("socket: %v, %v", info, err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	pid, err := egdproto.NewClient(c).PID()
	if file, _ := os.ReadFile(path + ".pid"); string(file) != pid+"\n" {
		t.Errorf("pid file: %q, the relay: %s, %v", file, pid, err)
	}
	out, err := exec.Command(perl(t), "-w", script(t), "-k", path).CombinedOutput()
	if err != nil || string(out) != "Killing: "+pid+"\n" {
		t.Errorf("-k: %v, %q", err, out)
		if n, err := strconv.Atoi(pid); err == nil {
			syscall.Kill(n, syscall.SIGTERM)
		}
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("it left %v behind", left)
	}
}
