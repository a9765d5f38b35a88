package process_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"prngd/internal/process"
)

// listeners says what it was given.
func listeners() {
	for _, f := range process.Listeners() {
		l, err := net.FileListener(f)
		ok(err)
		fmt.Printf("%s=%s closeonexec=%v\n", f.Name(), filepath.Base(l.Addr().String()), closesOnExec(f.Fd()))
	}
	fmt.Println(len(process.Listeners()), os.Getenv("LISTEN_FDS")+os.Getenv("LISTEN_PID")+os.Getenv("LISTEN_FDNAMES"))
}

func TestListeners(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct{ env, want string }{
		{"LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=egd:", "egd=a closeonexec=true\nunknown=b closeonexec=true\n0 \n"},
		{"LISTEN_PID=$$ LISTEN_FDS=1", "unknown=a closeonexec=true\n0 \n"},
		// Counts that reach what the Go runtime opened, and absurd ones.
		{"LISTEN_PID=$$ LISTEN_FDS=2000000000", "unknown=a closeonexec=true\nunknown=b closeonexec=true\n0 \n"},
		{"LISTEN_PID=$$ LISTEN_FDS=-1", "0 \n"},
		{"LISTEN_PID=$$ LISTEN_FDS=some", "0 \n"},
		// Somebody else's.
		{"LISTEN_PID=1 LISTEN_FDS=2 LISTEN_FDNAMES=egd", "0 \n"},
		{"LISTEN_FDS=2", "0 \n"},
	} {
		cmd := exec.Command("sh", "-c", test.env+" exec listeners")
		for _, name := range []string{"a", "b"} {
			os.Remove(filepath.Join(dir, name))
			l, err := net.Listen("unix", filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			f, err := l.(*net.UnixListener).File()
			if err != nil {
				t.Fatal(err)
			}
			cmd.ExtraFiles = append(cmd.ExtraFiles, f)
			defer l.Close()
			defer f.Close()
		}
		got, err := cmd.CombinedOutput()
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %q, %v, expected %q", test.env, got, err, test.want)
		}
	}
}
