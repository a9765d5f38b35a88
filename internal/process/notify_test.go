package process_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"prngd/internal/process"
)

func TestNotify(t *testing.T) {
	paths := []string{filepath.Join(t.TempDir(), "notify")}
	if runtime.GOOS == "linux" {
		paths = append(paths, fmt.Sprintf("@prngd-test-%d", os.Getpid()))
	}
	for _, path := range paths {
		t.Setenv("NOTIFY_SOCKET", path)
		supervisor, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer supervisor.Close()
		if err := process.Notify("READY=1\nSTATUS=seeded"); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := supervisor.Read(buf)
		if err != nil || string(buf[:n]) != "READY=1\nSTATUS=seeded" {
			t.Errorf("%s: got %q, %v", path, buf[:n], err)
		}
	}
}

func TestNotifyNobody(t *testing.T) {
	for path, want := range map[string]string{
		"":               "<nil>",
		"vsock:2:1234":   `NOTIFY_SOCKET "vsock:2:1234": expected an absolute path or @NAME`,
		"/no/such/place": "notifying the supervisor: ",
	} {
		t.Setenv("NOTIFY_SOCKET", path)
		if err := process.Notify("READY=1"); !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%q: got %v, expected %s", path, err, want)
		}
	}
}

func TestWatchdog(t *testing.T) {
	self, other := fmt.Sprint(os.Getpid()), fmt.Sprint(os.Getpid()+1)
	for _, test := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0},
		{"30000000", "", 30 * time.Second},
		{"30000000", self, 30 * time.Second},
		{"30000000", other, 0},
		{"0", self, 0},
		{"-5", self, 0},
		{"soon", self, 0},
		{"9223372036854775807", self, 0}, // would overflow
	} {
		t.Setenv("WATCHDOG_USEC", test.usec)
		t.Setenv("WATCHDOG_PID", test.pid)
		if got := process.Watchdog(); got != test.want {
			t.Errorf("USEC=%s PID=%s: got %v, expected %v", test.usec, test.pid, got, test.want)
		}
	}
}

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

func TestSupervised(t *testing.T) {
	for env, want := range map[string]string{
		"":                        "",
		"LISTEN_PID=$$":           "LISTEN_PID names us",
		"LISTEN_PID=1":            "",
		"NOTIFY_SOCKET=@anything": "NOTIFY_SOCKET is set",
	} {
		got, err := exec.Command("env", "-u", "NOTIFY_SOCKET", "sh", "-c", env+" exec supervised").CombinedOutput()
		if err != nil || string(got) != want+"\n" {
			t.Errorf("%s: got %q, %v, expected %q", env, got, err, want)
		}
	}
}
