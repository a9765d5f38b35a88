//go:build linux

package harness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prngd/egdproto"
)

// Everything here is shown something wrong first: a daemon that is right gives the system tests nothing to find.

func numbered(n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, n*0x9e3779b97f4a7c15), n)
}

// TestRepeatsAreSeen gives Blocks the same output twice, when it keeps everything and when it keeps little.
func TestRepeatsAreSeen(t *testing.T) {
	for _, most := range []int{1 << 20, 64} { // all are kept, or few
		s := NewBlocks(most)
		for n := range uint64(1000) {
			s.Add(numbered(n))
		}
		if got := s.Repeats(); got != 0 {
			t.Errorf("most %d: %d repeats among different blocks", most, got)
		}
		for n := range uint64(1000) { // a twin
			s.Add(numbered(n))
		}
		if got, least := s.Repeats(), 1000/int(s.every)/2; got < least || got == 0 || len(s.kept) > most {
			t.Errorf("most %d: %d repeats, expected at least %d; 1 in %d kept, %d", most, got, least, s.every, len(s.kept))
		}
	}
	s := NewBlocks(1 << 20)
	s.Add(bytes.Repeat([]byte{7}, 48)) // within one reply
	if got := s.Repeats(); got != 2 {
		t.Errorf("three equal blocks are %d repeats", got)
	}
}

// liar answers a client as a daemon does, but for the first reply, after which it hangs up.
type liar struct {
	name string
	lie  func(reply []byte) []byte // nil: it tells the truth
}

var liars = []liar{
	{"a byte less", func(b []byte) []byte { return b[:len(b)-1] }},
	{"a byte more", func(b []byte) []byte { return append(b, 'x') }},
	{"its first byte", func(b []byte) []byte { return b[:1] }},
	{"nothing", func([]byte) []byte { return nil }},
	{"another beginning", func(b []byte) []byte { b[0] ^= 1; return b }},
}

// blind is what a kind cannot see: what comes behind the last reply is for its next
// turn, and random bytes may be any.
var blind = map[string][]string{
	"guest": {"a byte more"}, "openssl": {"a byte more"}, "giver": {"a byte more"},
	"qemu": {"a byte more", "another beginning"}, "ekeyd": {"a byte more", "another beginning"},
	"openssh": {"a byte more", "another beginning"}, "pipe": {"another beginning"}, "batch": {"a byte more", "another beginning"}, "piece": {"another beginning"},
}

// TestClientsSeeLies has every kind of client served by liars: it must notice each lie that it can see.
func TestClientsSeeLies(t *testing.T) {
	for _, k := range append(Kinds(1000), Kind{Name: "batch", Turn: Batch}, Kind{Name: "piece", Turn: Piece}) {
		if k.Bad {
			continue
		}
		if err := converse(t, k, liar{}); err != nil {
			t.Errorf("%s, told the truth: %v", k.Name, err)
		}
		for _, l := range liars {
			if err := converse(t, k, l); (err == nil) != slices.Contains(blind[k.Name], l.name) {
				t.Errorf("%s, told %s: %v", k.Name, l.name, err)
			}
		}
	}
}

// converse has a client of this kind take one turn with a liar.
func converse(t *testing.T, k Kind, l liar) error {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	Must(t, err)
	defer listener.Close()
	go l.serve(listener)
	d := &Daemon{PID: 4711, Socket: listener.Addr().String(), t: t}
	return k.Turn(&Client{Crowd: &Crowd{Daemon: d}, kind: k, mood: rand.New(rand.NewPCG(1, 2))}, d.Dial("unix"))
}

// serve answers one client.
func (l liar) serve(listener net.Listener) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	var in []byte
	for ends, buf := false, make([]byte, 4096); !ends; {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		in = append(in, buf[:n]...)
		reply, eaten, unknown := answers(in)
		in, ends = in[eaten:], unknown
		if len(reply) > 0 && l.lie != nil {
			reply, ends = l.lie(reply), true
		}
		conn.Write(reply)
	}
}

// answers is the reply to all that was asked so far.
func answers(in []byte) (reply []byte, eaten int, unknown bool) {
	for {
		q, n, err := egdproto.Parse(in[eaten:])
		if err != nil {
			return reply, eaten, !errors.Is(err, egdproto.ErrShort)
		}
		eaten += n
		switch q.Command {
		case egdproto.Count:
			reply = egdproto.AppendLevel(reply, egdproto.Level)
		case egdproto.ReadSome:
			reply = append(append(reply, q.N), make([]byte, q.N)...)
		case egdproto.ReadAll:
			reply = append(reply, make([]byte, q.N)...)
		case egdproto.PID:
			reply = egdproto.AppendPID(reply, 4711)
		}
	}
}

// TestFailuresAndLateRepliesAreWrong shows the tally a failed turn, a late one, and none at all.
func TestFailuresAndLateRepliesAreWrong(t *testing.T) {
	for want, see := range map[string]func(*Tally){
		"":                      func(a *Tally) { a.Add("tlsmgr", time.Second, nil) },
		"tlsmgr: 1 of 2":        func(a *Tally) { a.Add("tlsmgr", 0, nil); a.Add("tlsmgr", 0, io.EOF) },
		"1 turns took":          func(a *Tally) { a.Add("tlsmgr", 0, nil); a.Add("qemu", time.Second+1, nil) },
		"no client was served ": func(*Tally) {},
	} {
		a := NewTally()
		see(a)
		if got := strings.Join(a.Problems(time.Second), "; ") + " "; !strings.HasPrefix(got, want) || strings.Contains(got, ";") || want == "" && got != " " {
			t.Errorf("%q, expected %q", got, want)
		}
	}
	nobody := NewCrowd(&Daemon{Socket: "none"}, []Kind{{Name: "nobody", N: 1}}, 0)
	nobody.Blocks.Add(bytes.Repeat([]byte{7}, 32))
	if got := nobody.Lift(time.Second); len(got) != 2 {
		t.Errorf("no server at all, and the same block twice: %q", got)
	}
}

// TestDigest takes percentiles of times that are not sorted.
func TestDigest(t *testing.T) {
	var times []time.Duration
	for i := range 101 {
		times = append(times, time.Duration(100-i)*time.Millisecond)
	}
	if got, want := DigestOf(times).String(), "p50 50.00 ms, p99 99.00 ms, max 100.00 ms"; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
	if got := DigestOf(nil).String(); got != "no reply" {
		t.Errorf("of nothing: %s", got)
	}
}
