package daemon

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus/hooks/test"

	"prngd/egdproto"
	"prngd/internal/listen"
)

func TestSameAddress(t *testing.T) {
	for _, c := range []struct {
		line, bound string
		want        bool
	}{
		{"/run/a", "/run/a", true},
		{"/run/a", "/run/b", false},
		{"/run/a", "tcp/127.0.0.1:708", false},
		{"tcp/localhost:708", "tcp/127.0.0.1:708", true},
		{"tcp/localhost:708", "tcp/[::1]:708", true},
		{"tcp/localhost:708", "tcp/127.0.0.1:709", false},
		{"tcp/localhost:708", "tcp/0.0.0.0:708", false},
		{"tcp/0.0.0.0:708", "tcp/[::]:708", true}, // systemd's ListenStream=708
		{"tcp/192.0.2.1:708", "tcp/192.0.2.1:708", true},
		{"tcp/192.0.2.1:708", "tcp/[::]:708", false},
	} {
		line, err := egdproto.ParseAddress(c.line)
		if err != nil {
			t.Fatal(err)
		}
		bound, err := egdproto.ParseAddress(c.bound)
		if err != nil {
			t.Fatal(err)
		}
		if got := sameAddress(line, bound); got != c.want {
			t.Errorf("%s and %s: %v", c.line, c.bound, got)
		}
	}
}

// An inherited socket belongs to one listen line only, and only to one with its
// address; our own must have its mode as well.
func TestInheritanceIsTakenOnce(t *testing.T) {
	log, _ := test.NewNullLogger()
	path := filepath.Join(t.TempDir(), "s")
	asked := listen.Options{Address: egdproto.Address{Network: "unix", Path: path}, Mode: 0o660}
	for _, supervised := range []bool{true, false} {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		was := asked
		was.Mode = 0o600
		var in inheritance
		in.adopt(f, socket{options: was, supervised: supervised}, log)
		if p, found := in.take(listen.Options{Address: egdproto.Address{Network: "unix", Path: "/elsewhere"}}); found {
			t.Errorf("taken for %v", p.options.Address)
		}
		if _, found := in.take(asked); found != supervised {
			t.Errorf("supervised %v: taken with another mode: %v", supervised, found)
		}
		if _, found := in.take(was); found == supervised {
			t.Errorf("supervised %v: taken for what it was opened with: %v", supervised, found)
		}
		if len(in) != 0 {
			t.Errorf("supervised %v: %d left", supervised, len(in))
		}
		l.Close()
	}
}

func TestHandoverOfAnotherVersion(t *testing.T) {
	h := handover{Version: handoverVersion, Path: "/usr/sbin/prngd", secret: []byte("not for the document")}
	document, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(document), "not for") {
		t.Errorf("the document holds the secret: %s", document)
	}
	if got, err := readHandover(document); err != nil || got.Path != h.Path {
		t.Errorf("%+v, %v", got, err)
	}
	h.Version++
	document, err = json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readHandover(document); err == nil || !strings.Contains(err.Error(), "expected 1") {
		t.Errorf("another version: %v", err)
	}
	if _, err := readHandover([]byte("{")); err == nil {
		t.Error("half a document was read")
	}
}
