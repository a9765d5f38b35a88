package hostenv_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shirou/gopsutil/v3/cpu"
	"golang.org/x/sys/unix"

	_ "prngd/internal/hostenv"
)

// The child is this test with a pipe for /proc/stat: if gopsutil still saw
// HOST_PROC it would wait for a writer before main.
func TestGopsutilNeverSeesHostVariables(t *testing.T) {
	if os.Getenv("HOSTENV_CHILD") != "" {
		if all, err := cpu.Times(false); len(all) == 0 || err != nil {
			t.Skipf("no processor times here: %v", err)
		}
		for _, line := range os.Environ() {
			if strings.HasPrefix(line, "HOST_") {
				t.Error(line)
			}
		}
		return
	}
	proc := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(proc, "stat"), 0o600); err != nil {
		t.Skip(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), "HOSTENV_CHILD=1")
	for _, name := range []string{"PROC", "SYS", "ETC", "VAR", "RUN", "DEV", "ROOT", "PROC_MOUNTINFO"} {
		child.Env = append(child.Env, "HOST_"+name+"="+proc)
	}
	out, err := child.CombinedOutput()
	if err != nil || strings.Contains(string(out), "no tests to run") {
		t.Errorf("%v\n%s", err, out)
	}
}
