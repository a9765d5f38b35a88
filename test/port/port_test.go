package port

import (
	"net"
	"strconv"
	"testing"
)

// TestReserve: a listener that names the port gets it, again and again, and no connection does.
func TestReserve(t *testing.T) {
	port, release, err := Reserve()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, host := range []string{"127.0.0.1", "0.0.0.0", "127.0.0.1"} {
		address := net.JoinHostPort(host, strconv.Itoa(port))
		l, err := net.Listen("tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if c, err := net.Dial("tcp4", address); err == nil {
			c.Close()
			t.Errorf("somebody answers at %s", address)
		}
	}
}
