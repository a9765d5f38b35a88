//go:build linux

// Package twins starts daemons from byte-identical inputs: no byte that they give may be the same.
package twins

import (
	"bytes"
	"regexp"
	"syscall"
	"testing"

	"prngd/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// TestTwins has two daemons start from copies of one seed that counts, with one pid, where the kernel gives no random
// bytes. What they are seeded by differs by jitter alone.
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
