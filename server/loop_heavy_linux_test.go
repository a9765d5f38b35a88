package server

import (
	"bytes"
	"syscall"
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/prng"
)

// byHand is a loop that runs a round when it is told to.
func byHand(t *testing.T) *loop {
	log, _ := logtest.NewNullLogger()
	s := New(Config{Pool: newPool(t, prng.Open), Log: log})
	l, err := newLoop(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// meet connects a client, whose end it returns.
func meet(t *testing.T, l *loop) int {
	t.Helper()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(ends[0]); syscall.Close(ends[1]) })
	w := l.newWire(int32(ends[1]))
	w.place = &place{}
	l.connect(w)
	return ends[0]
}

func (l *loop) turn() { l.round(l.poll(0)) }

// Who floods waits for who asks for a little: whatever the floods are, a small
// request is answered in the round that finds it, and that round is a short one.
// The floods are served in the end as well.
func TestFloodsComeSecond(t *testing.T) {
	const floods = 100
	for name, flood := range map[string][]byte{
		"writes": bytes.Repeat([]byte{3, 0xff, 0xff, 1, 0xaa}, 3000),
		"levels": make([]byte, 12000),
		"reads":  bytes.Repeat([]byte{2, 255}, 250),
	} {
		t.Run(name, func(t *testing.T) {
			l := byHand(t)
			var ends []int
			for range floods {
				ends = append(ends, meet(t, l))
			}
			asker := meet(t, l)
			done := func() (n uint64) {
				for _, requests := range l.server.Stats().Requests {
					n += requests
				}
				return n
			}
			l.turn()
			for _, end := range ends {
				if n, err := syscall.Write(end, flood); n != len(flood) {
					t.Fatalf("sent %d bytes, %v", n, err)
				}
			}
			l.turn() // all of them are new to it in this one
			reply := make([]byte, 64)
			for range 20 {
				syscall.Write(asker, []byte{1, 32})
				before := done()
				l.turn()
				if n, _ := syscall.Read(asker, reply); n != 33 {
					t.Fatalf("the small request has %d bytes, expected 33 at once", n)
				}
				if n := done() - before; n < 2 || n > 5000 {
					t.Errorf("%d requests in a round, expected some and at most 5000", n)
				}
			}
			whole := done()
			for {
				for _, end := range ends {
					syscall.Read(end, make([]byte, 100000))
				}
				l.turn()
				if now := done(); now == whole && len(l.next)+len(l.heavy) == 0 {
					break
				} else {
					whole = now
				}
			}
			each := map[string]int{"writes": 3000, "levels": 12000, "reads": 250}[name]
			if whole != uint64(floods*each+20) {
				t.Errorf("%d requests in the end, expected %d floods of %d and 20", whole, floods, each)
			}
		})
	}
}
