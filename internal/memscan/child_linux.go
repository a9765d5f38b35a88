package memscan

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// StartChild runs the test of t again in a process whose memory can be looked at,
// with env added to its environment, and returns its pid when it has printed the
// line ready. Any line before that is an error. Its standard input ends with t, and
// the process then has to end.
func StartChild(t *testing.T, ready string, env ...string) (pid int) {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	cmd := exec.Command(os.Args[0], "-test.run=^"+name+"$")
	cmd.Env = append(os.Environ(), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if lines.Text() == ready {
			go io.Copy(io.Discard, stdout)
			return cmd.Process.Pid
		}
		t.Fatalf("the process says %q, expected %q", lines.Text(), ready)
	}
	t.Fatalf("the process ended without %q", ready)
	return 0
}
