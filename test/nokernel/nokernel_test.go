//go:build linux

// Package nokernel starts the daemon where the kernel has no random bytes, and without a seed file.
package nokernel

import (
	"flag"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"prngd/egdproto"
	"prngd/test/harness"
)

var runs = flag.Int("runs", 20, "starts for each way to be without")

func TestMain(m *testing.M) { harness.Main(m, nil) }

// ways are options of scripts/jail, which makes that world: an empty /dev, getrandom refused as on an old kernel and as
// by a container's filter, and no AT_RANDOM either, the 16 bytes that a Linux kernel gives each process.
var ways = []string{"-errno ENOSYS", "-errno EPERM", "-errno ENOSYS -no-at-random"}

// TestSeededByJitterAlone proves the jail before anything is proven by it, and then has the daemon start in it.
func TestSeededByJitterAlone(t *testing.T) {
	harness.System(t)
	harness.Root(t, "mount namespaces do")
	jail, probe := harness.Program(t, "./scripts/jail"), harness.Program(t, "./scripts/jail/probe")
	if said, err := exec.Command(jail, "true").CombinedOutput(); err != nil {
		t.Skipf("no jail can be made here: %s", said)
	}
	t.Run("probe", func(t *testing.T) {
		if exec.Command(probe).Run() == nil {
			t.Skip("no kernel random bytes outside the jail either")
		}
	})
	harness.Prngd(t) // built before the clock runs
	mortal := mortal(t)
	for _, way := range ways {
		t.Run(strings.ReplaceAll(way, " ", ""), func(t *testing.T) {
			by := append([]string{jail}, strings.Fields(way)...)
			shut(t, by, probe, mortal)
			starts(t, way, by)
		})
	}
}

// mortal is a program that dies where crypto/rand has no bytes.
func mortal(t *testing.T) string {
	dir := harness.Dir(t)
	harness.WriteFile(t, dir+"/dies.go", "package main\nimport \"crypto/rand\"\nfunc main() { println(rand.Text()) }\n", 0o600)
	build := exec.Command("go", "build", "-o", dir+"/dies", dir+"/dies.go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return dir + "/dies"
}

// shut fails the test unless nothing inside gives random bytes.
func shut(t *testing.T, by []string, probe, mortal string) {
	t.Helper()
	inside := func(command ...string) (string, error) {
		said, err := exec.Command(by[0], append(by[1:], command...)...).CombinedOutput()
		return string(said), err
	}
	tried, err := inside(probe)
	if err != nil {
		t.Fatalf("the jail has holes:\n%s", tried)
	}
	if by[len(by)-1] == "-no-at-random" {
		if !strings.Contains("\n"+tried, "\nAT_RANDOM: none") {
			t.Fatalf("AT_RANDOM is there:\n%s", tried)
		}
	} else if _, err := inside("head", "-c1", "/dev/urandom"); err == nil {
		t.Fatal("head reads /dev/urandom")
	}
	if said, err := inside(mortal); err == nil {
		t.Fatalf("crypto/rand works in there: %s", said)
	}
}

// starts has a daemon start again and again: seeded by jitter alone, and no two give the same bytes.
func starts(t *testing.T, way string, by []string) {
	t.Helper()
	var answered, seeded []time.Duration
	given := map[string]bool{string(make([]byte, egdproto.MaxRead)): true}
	for range *runs {
		began := time.Now()
		d := harness.Start(t, harness.Options{NoSeed: true, Unseeded: true, By: by})
		first, ready, got := ask(t, d, began)
		if given[got] {
			t.Fatalf("zeros, or the very bytes of an earlier start: %x", got)
		}
		given[got] = true
		answered, seeded = append(answered, first), append(seeded, ready)
		d.Stop()
		d.LogHas(`msg=seeded by="jitter [0-9]* bits"`)
	}
	harness.Figure(t, "jail %s: %d starts, first answer %v; seeded %v", way, *runs, harness.DigestOf(answered), harness.DigestOf(seeded))
}

// ask waits for the socket and for the seed, as a client that was started together with the daemon would, and reads by
// command 1.
func ask(t *testing.T, d *harness.Daemon, began time.Time) (answered, seeded time.Duration, got string) {
	t.Helper()
	var conn net.Conn
	d.Wait("the socket", func() bool {
		var err error
		conn, err = net.Dial("unix", d.Socket)
		return err == nil
	})
	defer conn.Close()
	conn.SetDeadline(began.Add(harness.Patience))
	client := egdproto.NewClient(conn)
	for level := 0; level == 0; seeded = time.Since(began) {
		var err error
		if level, err = client.Level(); err != nil {
			d.Fatalf("asking for the level: %v", err)
		}
		if answered == 0 {
			answered = time.Since(began)
		}
		time.Sleep(time.Millisecond)
	}
	data := make([]byte, egdproto.MaxRead)
	if n, err := client.ReadSome(data); err != nil || n != len(data) {
		t.Fatalf("command 1 gave %d of %d bytes: %v", n, len(data), err)
	}
	return answered, seeded, string(data)
}
