//go:build linux

package faults

import (
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"prngd/test/harness"
)

// syslogd listens at a socket until it is stopped, and writes what comes to a file. Without one it hangs: the socket is
// there, and nothing reads.
func syslogd(t *testing.T, socket string, to *os.File) (stop func()) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	harness.Must(t, err)
	harness.Must(t, os.Chmod(socket, 0o666))
	if to != nil {
		go io.Copy(to, conn)
	}
	return func() { conn.Close(); os.Remove(socket) }
}

// TestSyslog has a syslog that is not there, comes, goes, returns and hangs: lines are kept and delivered once, and
// clients are served throughout.
func TestSyslog(t *testing.T) {
	harness.System(t)
	dir := harness.Dir(t)
	socket := dir + "/dev-log"
	d := start(t, harness.Options{Dir: dir, Conf: "log target=syslog", By: unshare(t, "-m",
		`mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && ln -s "$1" /dev/log && shift && exec "$@"`, socket)})
	d.Served("without a syslog")

	d.Log = dir + "/syslog"
	said, err := os.Create(d.Log)
	harness.Must(t, err)
	defer said.Close()
	stop := syslogd(t, socket, said)
	d.LogHas("msg=seeded") // from before syslog came

	stop()
	for range 3 {
		d.Signal(syscall.SIGHUP)
		d.Served("while there is no syslog")
	}
	stop = syslogd(t, socket, said)
	d.LogHas("msg=reloaded") // what happened in the absence of syslog
	if strings.Count(d.Logged(), "msg=seeded") != 1 {
		t.Errorf("lines came twice: %s", d.Logged())
	}

	stop()
	stop = syslogd(t, socket, nil)
	for range 40 {
		d.Signal(syscall.SIGHUP)
		d.Served("while syslog hangs")
	}
	d.Stop()
	stop()
	d.SeedCounts()
	harness.Figure(t, "syslog missing, coming, going, returning: lines kept and delivered once; "+
		"hanging with a full queue: 40 of 40 clients served, ended with status 0")
}
