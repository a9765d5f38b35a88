//go:build linux

package hostile

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prngd/internal/control"
)

// liar is a server that has one answer for all requests, and hangs up after it.
func liar(t *testing.T, answer []byte) (socket string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(c, make([]byte, 2))
			c.Write(answer)
			c.Close()
		}
	}()
	return path
}

// Whatever can be wrong with an answer, the well-behaved client would see it.
func TestClientSees(t *testing.T) {
	postfix, qemu := manners[2], manners[3]
	full := func(first byte, n int) []byte { return append([]byte{first}, make([]byte, n)...) }
	for _, c := range []struct {
		manner
		answer []byte
		want   string
	}{
		{postfix, full(32, 32), ""},
		{postfix, nil, "0 bytes"},
		{postfix, full(0, 0), "1 bytes"},
		{postfix, full(32, 19), "20 bytes"},
		{postfix, full(16, 32), "the first 16"},
		{postfix, full(32, 33), "34 bytes"},
		{qemu, full(0, 254), ""},
		{qemu, full(0, 253), "254 bytes"},
		{qemu, full(0, 255), "256 bytes"},
	} {
		for _, fresh := range []bool{true, false} { // connections
			u := user{manner: c.manner, socket: liar(t, c.answer)}
			u.fresh, u.uid, u.step = fresh, os.Getuid(), 0
			if err := u.once(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("an answer of %d bytes to % x is %v, expected %q", len(c.answer), c.request, err, c.want)
			}
		}
	}
	if u := (user{manner: postfix, socket: t.TempDir() + "/none"}); u.once() == nil {
		t.Error("no server at all is nothing")
	}
}

// And what the daemon must not have done would be told.
func TestJudge(t *testing.T) {
	for want, harm := range map[string]func(*sight){
		"":              func(*sight) {},
		"1 of 2 turns":  func(s *sight) { s.client.Problems = []string{"QEMU: 1 of 2 turns failed"} },
		"short replies": func(s *sight) { s.after.Clients.Short = 1 },
		"unseeded":      func(s *sight) { s.after.Generator.State = control.StateUnseeded },
		"was closed":    func(s *sight) { s.Wrong = []string{"an established connection was closed"} },
		"KiB more":      func(s *sight) { s.attack, s.after.rss = find("deaf"), 33<<10 },
		"has 398":       func(s *sight) { s.attack, s.Load = find("addresses"), map[string]int{"connections": 398} },
		"7 bits": func(s *sight) {
			s.attack, s.after.Sources = find("writes"), []control.Source{{Name: "client", Bits: 7, Samples: 1}}
		},
	} {
		s := sight{attack: find("none")}
		s.after.Generator.State = control.StateSeeded
		harm(&s)
		if got := strings.Join(s.judge(), "; "); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("judged %q, expected %q", got, want)
		}
	}
}
