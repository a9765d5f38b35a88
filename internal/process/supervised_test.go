package process_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestSupervisedA21: a notification socket keeps a daemon in the foreground only
// if it is that of the process which has started it.
func TestSupervisedA21(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere nobody knows whose a socket is")
	}
	dir := t.TempDir()
	ours, gone := filepath.Join(dir, "ours"), filepath.Join(dir, "gone")
	for _, path := range []string{ours, gone} {
		l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		if path == gone {
			l.Close()
			os.WriteFile(gone, nil, 0o600)
		}
		defer l.Close()
	}
	const named = "NOTIFY_SOCKET is our supervisor's"
	for script, want := range map[string]string{
		"exec supervised":                                                           "",
		"LISTEN_PID=$$ exec supervised":                                             "LISTEN_PID names us",
		"LISTEN_PID=1 exec supervised":                                              "",
		"NOTIFY_SOCKET=@anything exec supervised":                                   "",
		"NOTIFY_SOCKET=" + gone + " exec supervised":                                "",
		"NOTIFY_SOCKET=" + ours + " exec supervised":                                named, // sh is gone: this test is the parent
		"NOTIFY_SOCKET=" + ours + " supervised; :":                                  "",    // sh has not made the socket
		"NOTIFY_SOCKET=" + ours + " sh -c 'SYSTEMD_EXEC_PID=$$ exec supervised'; :": named,
		"SYSTEMD_EXEC_PID=$$ NOTIFY_SOCKET=" + ours + " supervised; :":              "",
		"NOTIFY_SOCKET=" + gone + " sh -c 'SYSTEMD_EXEC_PID=$$ exec supervised'; :": "",
	} {
		got, err := exec.Command("env", "-u", "NOTIFY_SOCKET", "sh", "-c", script).CombinedOutput()
		if err != nil || string(got) != want+"\n" {
			t.Errorf("%s: got %q, %v, expected %q", script, got, err, want)
		}
	}
}
