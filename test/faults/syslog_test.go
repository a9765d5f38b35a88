//go:build linux

package faults

import (
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"prngd/test/harness"
)

// syslogd takes lines at a socket.
type syslogd struct {
	path string
	conn *net.UnixConn
	mu   sync.Mutex
	said strings.Builder // by all lives of it
}

// start makes it listen.
func (s *syslogd) start(t *testing.T) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(s.path, 0o666); err != nil {
		t.Fatal(err)
	}
	s.conn = conn
}

// read takes lines until it is stopped.
func (s *syslogd) read(conn *net.UnixConn) {
	b := make([]byte, 64<<10)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.said.Write(append(b[:n], '\n'))
		s.mu.Unlock()
	}
}

func (s *syslogd) stop() {
	s.conn.Close()
	os.Remove(s.path)
}

func (s *syslogd) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.said.String(), what)
}

// TestSyslog has a syslog that is not there, comes, goes, returns and hangs: lines are kept and delivered once, and
// clients are served throughout.
func TestSyslog(t *testing.T) {
	harness.System(t)
	dir := harness.Dir(t)
	s := &syslogd{path: dir + "/dev-log"}
	d := start(t, harness.Options{Dir: dir, Conf: "log target=syslog", By: namespaces(t, "-m",
		`mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && ln -s "$1" /dev/log && shift && exec "$@"`, s.path)})
	d.Served("without a syslog")

	s.start(t)
	go s.read(s.conn)
	d.Wait("the lines from before syslog came", func() bool { return s.count("msg=seeded") > 0 })

	s.stop()
	for range 3 {
		d.Signal(syscall.SIGHUP)
		d.Served("while there is no syslog")
	}
	s.start(t)
	go s.read(s.conn)
	d.Wait("what happened in the absence of syslog", func() bool { return s.count("msg=reloaded") > 0 })
	if s.count("msg=seeded") != 1 {
		t.Errorf("lines came twice: %s", &s.said)
	}

	// It hangs, with its queue full: the socket is there, and nothing reads.
	s.stop()
	s.start(t)
	for range 40 {
		d.Signal(syscall.SIGHUP)
		d.Served("while syslog hangs")
	}
	d.Stop()
	s.stop()
	d.SeedCounts()
	harness.Figure(t, "syslog missing, coming, going, returning: lines kept and delivered once; hanging with a full queue: 40 of 40 clients served, ended with status 0")
}
