package process_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// run returns what name said and its exit status. It waits until no
// process can write to its output.
func run(name string, args ...string) (stdout, stderr string, status int) {
	var out, errs strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// The parent returns once the child is ready. The child keeps serving, leads
// its own session, and holds nothing of the terminal: else run would wait.
func TestBackground(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	stdout, stderr, status := run("backgrounder", "ready", socket)
	if stdout != "listening\n" || stderr != "" || status != 0 {
		t.Fatalf("got %q, %q, status %d", stdout, stderr, status)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	want := "leader=true 0=/dev/null 1=/dev/null 2=/dev/null\n"
	if runtime.GOOS != "linux" {
		want = "leader=true" // no /proc/self/fd to read
	}
	if !strings.HasPrefix(string(got), want) {
		t.Errorf("the child says %q, expected %q", got, want)
	}
}

func TestBackgroundFails(t *testing.T) {
	for _, test := range []struct {
		args   string
		stderr string
		status int
	}{
		{"fail 1", "cannot bind the socket\n", 1},
		{"fail 78", "cannot bind the socket\n", 78},
		{"quit", "the background process ended before it was ready\n", 1},
		{"crash", "the background process ended before it was ready: signal: killed\n", 1},
	} {
		_, stderr, status := run("backgrounder", strings.Fields(test.args)...)
		if stderr != test.stderr || status != test.status {
			t.Errorf("%s: got %q, status %d, expected %q, %d", test.args, stderr, status, test.stderr, test.status)
		}
	}
}

// What the child starts gets neither the variable nor the pipe, the child gets
// no descriptor that its parent happened to have, and a variable left over from
// elsewhere does not make a child: it would never detach.
func TestBackgroundVariable(t *testing.T) {
	for _, fd := range strayFDs {
		if err := unix.Dup2(1, fd); err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
	}
	const want = "PRNGD_READY=\"\" closeonexec=true stray=bad file descriptor bad file descriptor\n"
	if stdout, stderr, _ := run("backgrounder", "env"); stdout != want {
		t.Errorf("got %q, %q, expected %q", stdout, stderr, want)
	}
	for _, stray := range []string{"1", "x", "-1", "99999999999999999999"} {
		os.Setenv("PRNGD_READY", stray)
		if stdout, stderr, _ := run("backgrounder", "env"); stdout != want {
			t.Errorf("with PRNGD_READY=%s: got %q, %q, expected %q", stray, stdout, stderr, want)
		}
	}
	os.Unsetenv("PRNGD_READY")
}

// TestReadyWithoutNullA26: the terminal is left where there is no /dev/null, and
// no root directory to open.
func TestReadyWithoutNullA26(t *testing.T) {
	f, err := process.OpenFirst(
		func() (*os.File, error) { return os.Open(filepath.Join(t.TempDir(), "null")) },
		func() (*os.File, error) { return os.Open(filepath.Join(t.TempDir(), "root")) },
	)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := f.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("reading: %d, %v, expected an end of file", n, err)
	}
}
