package process_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"prngd/internal/change"
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

// TestNotifyA21: a supervisor that reads nothing keeps nobody waiting.
func TestNotifyA21(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	t.Setenv("NOTIFY_SOCKET", path)
	supervisor, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer supervisor.Close()
	for range 100_000 { // more than any queue holds
		if err = process.Notify("WATCHDOG=1"); err != nil {
			break
		}
	}
	if !change.IsLater(err) || !strings.Contains(fmt.Sprint(err), "it does not read "+path) {
		t.Errorf("got %v, expected that it does not read", err)
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
