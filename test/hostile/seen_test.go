//go:build linux

package hostile

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prngd/internal/control"
)

// liar is a server that has one answer for all requests, and hangs up after it.
func liar(t *testing.T, answer []byte) target {
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
	return target{socket: path}
}

// Whatever can be wrong with an answer, the well-behaved client would see it.
func TestClientSees(t *testing.T) {
	me := func(int) int { return os.Getuid() }
	postfix := manner{true, []byte{1, 32}, 33, true, me}
	qemu := manner{true, []byte{2, 255}, 255, false, me}
	full := append([]byte{32}, make([]byte, 32)...)
	for _, c := range []struct {
		manner
		fresh  bool // the connection
		answer []byte
		want   string
	}{
		{postfix, true, full, ""},
		{postfix, true, nil, "refused"},
		{postfix, false, nil, "closed"},
		{postfix, true, []byte{0}, "empty"},
		{postfix, true, full[:20], "short"},
		{postfix, true, append([]byte{16}, full[1:]...), "wrong"},
		{postfix, true, append(bytes.Clone(full), 1), "wrong"},
		{qemu, true, make([]byte, 255), ""},
		{qemu, true, make([]byte, 254), "short"},
	} {
		u := user{manner: c.manner, target: liar(t, c.answer)}
		u.fresh = c.fresh
		if got := u.once(); got != c.want {
			t.Errorf("an answer of %d bytes to % x is %q, expected %q", len(c.answer), c.request, got, c.want)
		}
	}
	u := user{manner: postfix, target: target{socket: t.TempDir() + "/none"}}
	if got := u.once(); got != "no connection" {
		t.Errorf("no server at all is %q", got)
	}
}

// And what the daemon must not have done would be told.
func TestJudge(t *testing.T) {
	well := func() sight {
		s := sight{attack: attack{name: "none"}, client: tally{Took: []time.Duration{time.Millisecond}}}
		s.after.Generator.State = control.StateSeeded
		return s
	}
	for want, harm := range map[string]func(*sight){
		"":              func(*sight) {},
		"1 empty":       func(s *sight) { s.client.Failures = map[string]int{"empty": 1} },
		"short replies": func(s *sight) { s.after.Clients.Short = 1 },
		"unseeded":      func(s *sight) { s.after.Generator.State = control.StateUnseeded },
		"took over":     func(s *sight) { s.client.Took = append(s.client.Took, 11*time.Second) },
		"was closed":    func(s *sight) { s.Wrong = []string{"an established connection was closed"} },
		"KiB more":      func(s *sight) { s.attack, s.after.rss = find("deaf"), 33<<10 },
		"has 398": func(s *sight) {
			s.attack, s.Load = find("addresses"), map[string]int{"connections": 398}
		},
		"7 bits": func(s *sight) {
			s.attack, s.after.Sources = find("writes"), []control.Source{{Name: "client", Bits: 7, Samples: 1}}
		},
	} {
		s := well()
		harm(&s)
		got := strings.Join(s.judge(), "; ")
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("judged %q, expected %q", got, want)
		}
	}
}
