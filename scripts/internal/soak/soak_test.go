//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prngd/egdproto"
)

// Everything here is shown something wrong first: a daemon that is right gives
// the soak nothing to find.

func numbered(n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, n*0x9e3779b97f4a7c15), n)
}

func TestRepeatsAreSeen(t *testing.T) {
	for _, most := range []int{1 << 20, 64} { // all are kept, or few
		s := newBlocks(most)
		for n := range uint64(1000) {
			s.add(numbered(n))
		}
		if got := s.count(); got != 0 {
			t.Errorf("most %d: %d repeats among different blocks", most, got)
		}
		for n := range uint64(1000) { // a twin
			s.add(numbered(n))
		}
		if got, least := s.count(), 1000/int(s.every)/2; got < least || got == 0 || len(s.old) > most {
			t.Errorf("most %d: %d repeats, expected at least %d; 1 in %d kept, %d", most, got, least, s.every, len(s.old))
		}
	}
	s := newBlocks(1 << 20)
	s.add(bytes.Repeat([]byte{7}, 48)) // within one reply
	if got := s.count(); got != 2 {
		t.Errorf("three equal blocks are %d repeats", got)
	}
}

func TestTrendFindsALeak(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	var xs, flat, leak []float64
	for i := range 400 {
		x, burst := float64(i)/60, 0.0
		if i%17 == 0 {
			burst = 30 // a jitter sample's memory
		}
		xs = append(xs, x)
		flat = append(flat, 12+noise.Float64()+burst)
		leak = append(leak, 12+noise.Float64()+burst+x)
	}
	if got := trendOf(xs, flat); got.low > 0 || got.high < 0 || math.Abs(got.slope) > 0.05 {
		t.Errorf("a flat line rises by %v", got)
	}
	if got := trendOf(xs, leak); got.low > 1 || got.high < 1 || got.low <= 0.9 {
		t.Errorf("1 a minute is found to be %v", got)
	}
	if second, last := growth(leak); last-second < 2.5 || last-second > 4.5 {
		t.Errorf("from %v to %v", second, last)
	}
}

// TestGrowthIsWrong runs the verdict over a daemon that grows beyond each bound in
// turn, and over one that does not.
func TestGrowthIsWrong(t *testing.T) {
	for leaking := range gaugeCount + 1 {
		w := newWatcher(&daemon{options: options{length: 10 * time.Minute}})
		for i := range 600 {
			s := sample{at: time.Duration(i) * time.Second}
			for g := range s.is {
				s.is[g] = 50
				if g == leaking {
					s.is[g] += float64(i) / 600 * gauges[g].bound * 4.5
				}
			}
			w.samples = append(w.samples, s)
		}
		problems := w.grown()
		switch {
		case leaking < gaugeCount && gauges[leaking].bound > 0:
			if len(problems) != 1 || !strings.HasPrefix(problems[0], gauges[leaking].name+" grew") {
				t.Errorf("%s leaks: %q", gauges[leaking].name, problems)
			}
		case len(problems) > 0:
			t.Errorf("nothing leaks: %q", problems)
		}
	}
	short := newWatcher(&daemon{options: options{length: time.Minute}})
	if len(short.grown()) == 0 {
		t.Error("no samples are taken for no growth")
	}
}

func TestDescriptorsLeftBehind(t *testing.T) {
	before := held{"/proc/stat", "socket", "socket"}
	if got := before.left(held{"/proc/stat", "/proc/stat", "socket", "socket"}); len(got) != 1 || !strings.Contains(got[0], `["/proc/stat"]`) {
		t.Errorf("one more: %q", got)
	}
	if got := before.left(held{"/proc/stat", "pipe", "socket"}); len(got) != 0 {
		t.Errorf("one in the place of another: %q", got)
	}
}

// liar answers a client as a daemon does, but for the first reply it says.
type liar struct {
	name string
	lie  func(reply []byte) []byte
	ends bool // and hangs up then
}

var liars = []liar{
	{"a byte less", func(b []byte) []byte { return b[:len(b)-1] }, true},
	{"a byte more", func(b []byte) []byte { return append(b, 'x') }, false},
	{"nothing", func([]byte) []byte { return nil }, true},
	{"another beginning", func(b []byte) []byte { b[0] ^= 1; return b }, false},
}

// blind is what a kind cannot see: what comes behind the last reply is for its next
// turn, and random bytes may be any.
var blind = map[string][]string{
	"guest": {"a byte more"}, "tlsmgr": {"a byte more"}, "openssl": {"a byte more"}, "giver": {"a byte more"},
	"qemu": {"a byte more", "another beginning"}, "ekeyd": {"a byte more", "another beginning"},
	"openssh": {"a byte more", "another beginning"}, "pipe": {"another beginning"},
}

func TestClientsSeeLies(t *testing.T) {
	for _, k := range kinds {
		if k.how.bad {
			continue
		}
		if err := converse(t, k, liar{lie: func(b []byte) []byte { return b }}); err != nil {
			t.Errorf("%s, told the truth: %v", k.name, err)
		}
		for _, l := range liars {
			if err := converse(t, k, l); (err == nil) != slices.Contains(blind[k.name], l.name) {
				t.Errorf("%s, told %s: %v", k.name, l.name, err)
			}
		}
	}
}

// converse has a client of this kind take one turn with a liar.
func converse(t *testing.T, k kind, l liar) error {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go l.serve(listener)
	conn, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	c := &client{daemon: &daemon{options: options{pid: 4711}}, kind: k, mood: rand.New(rand.NewPCG(1, 2))}
	return k.turn(c, conn)
}

// serve answers one client.
func (l liar) serve(listener net.Listener) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	var in []byte
	lied := false
	for buf := make([]byte, 4096); ; {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		in = append(in, buf[:n]...)
		reply, eaten, unknown := answers(in)
		if in = in[eaten:]; len(reply) > 0 && !lied {
			lied, reply = true, l.lie(reply)
			unknown = unknown || l.ends
		}
		conn.Write(reply)
		if unknown {
			return
		}
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

func TestFailuresAndLateRepliesAreWrong(t *testing.T) {
	good := newTally()
	good.add("tlsmgr", time.Second, nil)
	if got := good.report(time.Second); len(got) != 0 {
		t.Errorf("all was well: %q", got)
	}
	for what, spoil := range map[string]func(*tally){
		"tlsmgr: 1 of 2":  func(a *tally) { a.add("tlsmgr", 0, errNone) },
		"1 turns took":    func(a *tally) { a.add("qemu", time.Second+1, nil) },
		"nobody was serv": func(a *tally) { clear(a.kinds) },
	} {
		a := newTally()
		a.add("tlsmgr", 0, nil)
		spoil(a)
		if got := a.report(time.Second); len(got) != 1 || !strings.HasPrefix(got[0], what) {
			t.Errorf("%s: %q", what, got)
		}
	}
}
