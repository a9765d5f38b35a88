//go:build linux

// Package gvisor runs the daemon's life on another kernel: gVisor's, which is a program that needs no virtualization.
package gvisor

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"prngd/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// TestLife has a daemon started, asked, reloaded, upgraded in place and stopped inside, and its seed taken over, by
// the script that does the same on other processors.
func TestLife(t *testing.T) {
	harness.System(t)
	runsc := harness.Need(t, "runsc")
	top, err := filepath.Abs("../..")
	harness.Must(t, err)
	dir := filepath.Dir(harness.Prngd(t))
	harness.Egdquery(t)
	do := func(args ...string) (string, error) {
		inside := append([]string{"--platform=ptrace", "--network=none", "--ignore-cgroups", "do", "--cwd", top}, args...)
		said, err := exec.Command(runsc, inside...).CombinedOutput()
		return strings.TrimSpace(string(said)), err
	}
	kernel, err := do("uname", "-rv")
	if err != nil {
		t.Skipf("gVisor does not run here: %v: %s", err, kernel)
	}
	if outside := harness.Run(t, "uname", "-rv"); strings.Contains(kernel, strings.TrimSpace(outside)) {
		t.Fatalf("inside there is the kernel from outside, %s", outside)
	}
	said, err := do("bash", "scripts/internal/life", dir, dir, "gvisor")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{"seeded: ", "reloaded under", "upgraded in place", "counts for 256 bits"} {
		if !strings.Contains(said, want) {
			t.Errorf("it did not say %q:\n%s", want, said)
		}
	}
	harness.Figure(t, "on gVisor, which says it is %s: %s", kernel, strings.ReplaceAll(said, "\n", "; "))
}
