package process_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// ready tells descriptor 3, after a child had the chance to keep it open.
func ready() {
	r, err := process.OpenReadyFD(3)
	ok(err)
	child := exec.Command("cat")
	held, err := child.StdinPipe()
	ok(err)
	ok(child.Start())
	ok(r.Ready())
	ok(r.Ready())
	fmt.Println(r.FD())
	os.Stdout.Close()
	io.Copy(io.Discard, os.Stdin) // both go on until the test has seen the end of the pipe
	held.Close()
	child.Wait()
}

// TestReadyFD: one newline and the end, though the daemon and a child of it go on.
func TestReadyFD(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("ready")
	cmd.ExtraFiles = []*os.File{w}
	stay, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); string(got) != "\n" || err != nil {
		t.Errorf("got %q, %v, expected a newline", got, err)
	}
	if got, _ := io.ReadAll(out); string(got) != "-1\n" {
		t.Errorf("it says %q", got)
	}
	stay.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// A supervisor that does not read, or is gone, keeps nobody waiting.
func TestReadyFDNeverWaits(t *testing.T) {
	for _, gone := range []bool{false, true} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Dup(int(w.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		unix.SetNonblock(fd, true)
		for err == nil {
			_, err = unix.Write(fd, make([]byte, 4096))
		}
		unix.SetNonblock(fd, false)
		if gone {
			r.Close()
		}
		ready, err := process.OpenReadyFD(fd)
		if err != nil {
			t.Fatal(err)
		}
		if err := ready.Ready(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("by descriptor %d", fd)) {
			t.Errorf("gone %v: %v", gone, err)
		}
		r.Close()
		w.Close()
	}
}

func TestReadyFDRefuses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for fd, want := range map[int]string{
		-1:          "expected one from 3 on",
		2:           "expected one from 3 on",
		999_999:     "bad file descriptor",
		int(r.Fd()): "expected one that is open to write",
		int(w.Fd()): "found one of the daemon's own", // E1: such as the Go runtime's event descriptor
	} {
		if _, err := process.OpenReadyFD(fd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, expected %q", fd, err, want)
		}
	}
	var none *process.ReadyFD
	if err := none.Ready(); err != nil || none.FD() != -1 {
		t.Errorf("nobody to tell: %v", err)
	}
}
