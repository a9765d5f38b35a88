//go:build linux

package hostile

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/control"
	"prngd/test/harness"
)

// answering is a connection to a server that has one answer for all requests, and says nothing more.
func answering(t *testing.T, answer []byte) *harness.Conn {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	harness.Must(t, err)
	t.Cleanup(func() { unix.Close(pair[1]) })
	unix.Write(pair[1], answer)
	unix.Shutdown(pair[1], unix.SHUT_WR)
	return &harness.Conn{File: os.NewFile(uintptr(pair[0]), "connection"), FD: pair[0]}
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
		u := user{manner: c.manner, conn: answering(t, c.answer)}
		if err := u.once(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("an answer of %d bytes to % x is %v, expected %q", len(c.answer), c.request, err, c.want)
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
