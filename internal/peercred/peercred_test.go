package peercred_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"prngd/internal/peercred"
)

func TestUnixPeerIsUs(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	client, server := connect(t, l)
	want := peercred.Cred{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid()}
	for name, c := range map[string]net.Conn{"client": client, "server": server} {
		got, err := peercred.Of(raw(t, c))
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip("no peer credentials on this system")
		}
		if err != nil {
			t.Fatal(err)
		}
		if got.PID == -1 {
			got.PID = want.PID // FreeBSD 12, DragonFly
		}
		if got != want {
			t.Errorf("%s sees %+v, want %+v", name, got, want)
		}
	}
}

func TestTCPPeerIsUnknown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	_, server := connect(t, l)
	got, err := peercred.Of(raw(t, server))
	if err == nil || got != (peercred.Cred{PID: -1, UID: -1, GID: -1}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNoDescriptor(t *testing.T) {
	if got, err := peercred.OfFD(-1); err == nil {
		t.Errorf("got %+v of no descriptor", got)
	}
}

func TestEffectiveUID(t *testing.T) {
	if got := peercred.EffectiveUID(os.Getpid()); got != os.Geteuid() && runtime.GOOS == "linux" {
		t.Errorf("got %d, expected %d", got, os.Geteuid())
	}
	if got := peercred.EffectiveUID(1 << 30); got != -1 {
		t.Errorf("got %d for no process", got)
	}
}

func connect(t *testing.T, l net.Listener) (client, server net.Conn) {
	t.Helper()
	t.Cleanup(func() { l.Close() })
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

func raw(t *testing.T, c net.Conn) syscall.RawConn {
	t.Helper()
	r, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
