package server

import (
	"bytes"
	"syscall"
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/internal/prng"
)

// byHand is a loop that runs a round when it is told to.
func byHand(t *testing.T) *loop {
	log, _ := logtest.NewNullLogger()
	s := New(Config{Pool: newPool(t, prng.Seeded), Log: log})
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
	l.server.admit(&w.link, payer{uid: 1}, w)
	l.connect(w)
	return ends[0]
}

func (l *loop) turn() { l.round(l.poll(0)) }

// Who floods waits for who asks for a little: whatever the floods are, a small
// request is answered in the round that finds it, and that round is a short one.
// The floods are served in the end as well.
func TestFloodsComeSecond(t *testing.T) {
	for _, f := range []flood{
		{"writes", bytes.Repeat([]byte{3, 0xff, 0xff, 1, 0xaa}, 3000), 3000, 2000},
		{"levels", make([]byte, 12000), 12000, 4500},
		{"reads", bytes.Repeat([]byte{2, 255}, 250), 250, 500},
	} {
		t.Run(f.name, func(t *testing.T) { f.test(t, byHand(t)) })
	}
}

type flood struct {
	name     string
	bytes    []byte
	requests int
	most     int // of all in a round
}

func (f flood) test(t *testing.T, l *loop) {
	const floods, rounds = 40, 20
	var ends []int
	for range floods {
		ends = append(ends, meet(t, l))
	}
	asker := meet(t, l)
	l.turn()
	for _, end := range ends {
		if n, err := syscall.Write(end, f.bytes); n != len(f.bytes) {
			t.Fatalf("sent %d bytes, %v", n, err)
		}
	}
	l.turn() // all of them are new to it in this one
	reply := make([]byte, 64<<10)
	for range rounds {
		syscall.Write(asker, []byte{1, 32})
		before := l.answered()
		l.turn()
		if n, _ := syscall.Read(asker, reply); n != 33 {
			t.Fatalf("the small request has %d bytes, expected 33 at once", n)
		}
		if n := l.answered() - before; n < 2 || n > f.most {
			t.Errorf("%d requests in a round, expected some and at most %d", n, f.most)
		}
	}
	for was := 0; was < l.answered() || len(l.next)+len(l.heavy) > 0; {
		was = l.answered()
		for _, end := range ends {
			syscall.Read(end, reply)
		}
		l.turn()
	}
	if n := l.answered(); n != floods*f.requests+rounds {
		t.Errorf("%d requests in the end, expected %d floods of %d and %d", n, floods, f.requests, rounds)
	}
}

func (l *loop) answered() (all int) {
	for _, n := range l.server.Stats().Requests {
		all += int(n)
	}
	return all
}

// The same when the gate opens for those who have filled their queues meanwhile.
func TestFloodsThatWaitedComeSecond(t *testing.T) {
	l := byHand(t)
	l.server.pool.Hold(prng.Jumped)
	full := append([]byte{2, 1}, bytes.Repeat([]byte{3, 0, 0, 1, 0xaa}, 800)...)
	for range 100 {
		syscall.Write(meet(t, l), full)
	}
	for range 10 {
		l.turn()
	}
	l.server.pool.Release(l.server.pool.Ticket())
	asker := meet(t, l)
	syscall.Write(asker, []byte{1, 32})
	l.poke()
	l.turn() // is told of it
	before := l.answered()
	l.turn()
	if n, _ := syscall.Read(asker, make([]byte, 64)); n != 33 {
		t.Errorf("the small request has %d bytes, expected 33 at once", n)
	}
	if n := l.answered() - before; n < 2 || n > 5000 {
		t.Errorf("%d requests in a round, expected some and at most 5000", n)
	}
}

// Who begins a request and goes leaves nothing behind.
func TestLeaversAreForgotten(t *testing.T) {
	l := byHand(t)
	for range 1000 {
		end := meet(t, l)
		syscall.Write(end, []byte{2})
		l.turn()
		if l.count != 1 || len(l.timed) == 0 {
			t.Fatalf("%d connections, %d with a deadline", l.count, len(l.timed))
		}
		syscall.Shutdown(end, syscall.SHUT_RDWR)
		l.turn()
	}
	if n := len(l.timed); l.count != 0 || n > 100 {
		t.Errorf("%d connections, %d with a deadline", l.count, n)
	}
}
