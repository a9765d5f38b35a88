//go:build linux

// Package nokernel starts the daemon where the kernel has no random bytes: without a seed file, or as a twin of another.
package nokernel

import (
	"bytes"
	"flag"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
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
	jail, probe := harness.By(t, harness.Program(t, "./scripts/jail")), harness.Program(t, "./scripts/jail/probe")
	t.Run("probe", func(t *testing.T) {
		if exec.Command(probe).Run() == nil {
			t.Skip("no kernel random bytes outside the jail either")
		}
	})
	mortal := harness.Dir(t) + "/mortal" // dies where crypto/rand has no bytes
	harness.WriteFile(t, mortal+".go", "package main\nimport \"crypto/rand\"\nfunc main() { println(rand.Text()) }\n", 0o600)
	t.Setenv("CGO_ENABLED", "0") // or it would die without AT_RANDOM
	harness.Run(t, "go", "build", "-o", mortal, mortal+".go")
	harness.Prngd(t) // built before the clock runs
	for _, way := range ways {
		t.Run(strings.ReplaceAll(way, " ", ""), func(t *testing.T) {
			by := append(jail[:1:1], strings.Fields(way)...)
			shut(t, by, probe, mortal)
			starts(t, way, by)
		})
	}
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
	if said, err := inside(mortal); err == nil || !strings.Contains(said, "crypto/rand") {
		t.Fatalf("crypto/rand works in there: %v: %s", err, said)
	}
}

// starts has a daemon start again and again: seeded by jitter alone, and no two give the same bytes by command 1.
func starts(t *testing.T, way string, by []string) {
	t.Helper()
	var seeded []time.Duration
	given := map[string]bool{string(make([]byte, egdproto.MaxRead)): true}
	for range *runs {
		began := time.Now()
		d := harness.Start(t, harness.Options{NoSeed: true, By: by})
		seeded = append(seeded, time.Since(began))
		data := make([]byte, egdproto.MaxRead)
		if n, err := egdproto.NewClient(d.Dial("unix")).ReadSome(data); err != nil || n != len(data) {
			t.Fatalf("command 1 gave %d of %d bytes: %v", n, len(data), err)
		}
		if given[string(data)] {
			t.Fatalf("zeros, or the very bytes of an earlier start: %x", data)
		}
		given[string(data)] = true
		d.Stop()
		d.LogHas(`msg=seeded by="jitter [0-9]* bits"`)
	}
	harness.Figure(t, "jail %s: %d starts, seeded after %v", way, *runs, harness.DigestOf(seeded))
}

// TestTwins has two daemons start from byte-identical inputs, copies of one seed that counts, and with one pid. What they
// are seeded by differs by jitter alone, and no byte that they give may be the same.
func TestTwins(t *testing.T) {
	harness.System(t)
	by := harness.By(t, harness.Need(t, "unshare"), "--pid", "--fork", "--kill-child",
		harness.Program(t, "./scripts/jail"), "-errno", "ENOSYS")
	first := harness.Start(t, harness.Options{Conf: "seed-credit yes"})
	first.LogHas("seed saved")
	first.Signal(syscall.SIGKILL) // a stop would save another one
	seed := harness.ReadFile(t, first.Seed)

	given := harness.NewBlocks(1 << 10)
	var bytesOf [2][]byte
	for i := range bytesOf {
		dir := harness.Dir(t)
		harness.WriteFile(t, dir+"/seed", seed, 0o600)
		twin := harness.Start(t, harness.Options{Dir: dir, Conf: "seed-credit yes", By: by})
		if bits := twin.Status().Seed.Bits; bits != 256 {
			twin.Fatalf("the seed counts for %d bits, expected 256", bits)
		}
		bytesOf[i] = twin.Served("a twin")
		given.Add(bytesOf[i])
		twin.LogHas("msg=seeded")
		seeded := regexp.MustCompile(`msg=seeded by="([^"]*)"`).FindStringSubmatch(twin.Logged())
		harness.Figure(t, "a twin, seeded by %q: first bytes %x", seeded[1:], bytesOf[i][:8])
	}
	if n := given.Repeats(); n > 0 || bytes.Equal(bytesOf[0], bytesOf[1]) {
		t.Errorf("twins gave the same bytes: %x, %x", bytesOf[0], bytesOf[1])
	}
}
