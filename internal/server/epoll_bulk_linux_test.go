package server

import (
	"bytes"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/prng"
)

// byHand is a loop that runs a round when it is told to.
func byHand(t *testing.T) *loop {
	log, _ := logtest.NewNullLogger()
	s := New(Config{Generator: newGenerator(t, prng.Seeded), Log: log})
	l, err := newLoop(s.core, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// connect connects a client, whose end it returns.
func connect(t *testing.T, l *loop) int {
	t.Helper()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(ends[0]); syscall.Close(ends[1]) })
	c := l.conns.make(int32(ends[1]))
	l.core.admission.admit(&c.connBase, quotaKey{uid: 1}, c, l.core.now())
	l.conns.add(c)
	return ends[0]
}

func (l *loop) turn() { l.round(l.poller.poll(0)) }

// Floods wait for interactive connections: whatever the floods are, a small request
// is answered in the round that finds it, and that round is a short one. The floods
// are served in the end as well.
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
		ends = append(ends, connect(t, l))
	}
	asker := connect(t, l)
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
	for was := 0; was < l.answered() || l.conns.scheduled(); {
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

// So do connections that keep sending bursts, each of them short enough for an
// interactive one, also if they say little in between: many of them would make a round
// as long as one flood.
func TestBurstsComeSecond(t *testing.T) {
	burst := bytes.Repeat([]byte{3, 0, 0, 1, 0xaa}, 80)
	for _, rounds := range [][][]byte{{burst}, {burst, {3, 0, 0, 0}}} {
		l := byHand(t)
		var ends []int
		for range 40 {
			ends = append(ends, connect(t, l))
		}
		asker := connect(t, l)
		for round := range 20 {
			for _, end := range ends {
				syscall.Write(end, rounds[round%len(rounds)])
			}
			syscall.Write(asker, []byte{1, 32})
			before := l.answered()
			l.turn()
			if n, _ := syscall.Read(asker, make([]byte, 64)); n != 33 {
				t.Fatalf("the small request has %d bytes, expected 33 at once", n)
			}
			if n := l.answered() - before; round > 0 && n > 2000 {
				t.Errorf("%d kinds of bursts: %d requests in a round, expected 2000 at most", len(rounds), n)
			}
		}
	}
}

// A connection that is force closed ends also while its peer keeps sending.
func TestForceClosedFloodEnds(t *testing.T) {
	l := byHand(t)
	end := connect(t, l)
	flood := bytes.Repeat([]byte{3, 0, 0, 1, 0xaa}, 3000)
	for turn := range 20 {
		syscall.Write(end, flood) // as much as there is room for
		if turn == 5 {
			l.eachConn(func(_ *connBase, c forceCloser) { c.forceClose() })
		}
		l.turn()
	}
	if l.conns.count != 0 {
		t.Error("the connection lives on")
	}
}

func (l *loop) answered() (all int) {
	for i := range l.core.sessions.Requests {
		all += int(l.core.sessions.Requests[i].Load())
	}
	return all
}

// The same when the first seed comes after connections have filled their queues.
func TestFloodsThatWaitedComeSecond(t *testing.T) {
	l := byHand(t)
	l.core.generator.Hold(prng.Jumped)
	full := append([]byte{2, 1}, bytes.Repeat([]byte{3, 0, 0, 1, 0xaa}, 800)...)
	for range 100 {
		syscall.Write(connect(t, l), full)
	}
	for range 10 {
		l.turn()
	}
	l.core.generator.Release(l.core.generator.Ticket())
	asker := connect(t, l)
	syscall.Write(asker, []byte{1, 32})
	l.recheck()
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

// A client that begins a request and goes leaves nothing behind.
func TestLeaversAreForgotten(t *testing.T) {
	l := byHand(t)
	for range 1000 {
		end := connect(t, l)
		syscall.Write(end, []byte{2})
		l.turn()
		if l.conns.count != 1 || len(l.timers.list) == 0 {
			t.Fatalf("%d connections, %d with a deadline", l.conns.count, len(l.timers.list))
		}
		syscall.Shutdown(end, syscall.SHUT_RDWR)
		l.turn()
	}
	if n := len(l.timers.list); l.conns.count != 0 || n > 100 {
		t.Errorf("%d connections, %d with a deadline", l.conns.count, n)
	}
}

// After a peak the tables are as large as the connections that are left need, and
// these are served. An event of one that is gone finds nothing.
func TestTrim(t *testing.T) {
	l := byHand(t)
	asker := connect(t, l)
	var ends []int
	for range 200 {
		ends = append(ends, connect(t, l))
		syscall.Write(ends[len(ends)-1], []byte{2}) // has a deadline
	}
	l.turn()
	last := l.conns.byFD[len(l.conns.byFD)-1]
	fd, mark := last.fd, last.mark
	for _, end := range ends {
		syscall.Shutdown(end, syscall.SHUT_RDWR)
	}
	l.turn()
	l.trim()
	l.turn() // is told of it
	l.turn()
	if n := cap(l.conns.byFD) + cap(l.conns.next) + cap(l.conns.bulk) + cap(l.timers.list) + cap(l.batch.list); n > 200 {
		t.Errorf("room for %d connections, expected that of few", n)
	}
	if l.conns.find(fd, mark) != nil {
		t.Error("a connection that is gone is found")
	}
	syscall.Write(asker, []byte{1, 32})
	l.turn()
	if n, _ := syscall.Read(asker, make([]byte, 64)); n != 33 {
		t.Errorf("%d bytes, expected 33", n)
	}
}

// A burst is answered in few rounds, and its first connections in the first.
func TestBurstTakesFewRounds(t *testing.T) {
	d := newBurst(t, 300)
	d.turn()
	if n := d.answered(); n != firstBatch {
		t.Errorf("%d are answered in the first round, expected %d", n, firstBatch)
	}
	rounds := 1
	for ; d.answered() < 300 && rounds < 300; rounds++ {
		d.turn()
	}
	if rounds > 9 {
		t.Errorf("300 connections took %d rounds", rounds)
	}
	for range 2 { // and the next burst is like the first
		d.turn()
	}
	if got := d.acceptors.list[0].batch; got != firstBatch {
		t.Errorf("the next batch is %d, expected %d", got, firstBatch)
	}
}

// newBurst makes a loop with so many clients in the backlog, which have asked.
func newBurst(t *testing.T, clients int) *loop {
	t.Helper()
	l := byHand(t)
	path := filepath.Join(t.TempDir(), "s")
	ls, err := openListeners(listen.Options{Address: egdproto.Address{Network: "unix", Path: path}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ls[0].Close() })
	for range clients {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.Write([]byte{2, 1})
	}
	l.serve(ls[0])
	l.turn() // is told of it
	return l
}
