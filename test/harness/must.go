//go:build linux

package harness

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// Must fails the test for an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ReadFile is what stands in a file, or fails the test.
func ReadFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	Must(t, err)
	return string(text)
}

// Dial connects to one of the daemon's addresses, "unix" or "tcp", and fails the test if it cannot. The connection ends
// with the test.
func (d *Daemon) Dial(network string) net.Conn {
	d.t.Helper()
	c, err := dial(network, map[string]string{"unix": d.Socket, "tcp": d.TCP}[network])
	if err != nil {
		d.Fatalf("%v", err)
	}
	d.t.Cleanup(func() { c.Close() })
	return c
}

// Clients makes n connections that have sent a request and got their reply.
func (d *Daemon) Clients(n int, reply func(*Replies), request ...byte) (list []net.Conn) {
	d.t.Helper()
	for range n {
		c := d.Dial("unix")
		r := Send(c, request...)
		if reply(r); r.Err != nil {
			d.Fatalf("client %d: %v", len(list)+1, r.Err)
		}
		list = append(list, c)
	}
	return list
}

// By returns a command of root's that executes what follows it, in a namespace or a jail, or skips a test where it
// cannot.
func By(t testing.TB, command ...string) []string {
	t.Helper()
	Root(t, "namespaces do")
	try := append(slices.Clone(command), "true")
	if said, err := exec.Command(try[0], try[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%q does not work here: %s", try, said)
	}
	return command
}
