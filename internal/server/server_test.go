package server

import (
	"bytes"
	"sync"
	"syscall"
	"testing"
	"time"

	"prngd/internal/peercred"
	"prngd/internal/prng"
	"prngd/internal/session"
	"prngd/internal/transcript"
)

func TestServerTranscripts(t *testing.T) { eachDriver(t, testServerTranscripts) }

func testServerTranscripts(t *testing.T, serve startFunc) {
	transcript.PlayAll(t, "../session/testdata/socket/*.txt", func(t *testing.T, state prng.State) transcript.Party {
		return serve(t, state, nil).dial()
	})
}

// Postfix and others take a reply in a single read or not at all.
func TestReplyArrivesInOneRead(t *testing.T) { eachDriver(t, testReplyArrivesInOneRead) }

func testReplyArrivesInOneRead(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, nil)
	var clients sync.WaitGroup
	for range 50 {
		c := d.dial()
		clients.Go(func() {
			b := make([]byte, 300)
			for range 100 {
				c.Send([]byte{1, 255})
				if n, err := c.c.Read(b); n != 256 || b[0] != 255 || err != nil {
					t.Errorf("a read gave %d bytes, the first of them %d, %v", n, b[0], err)
					return
				}
			}
		})
	}
	clients.Wait()
	d.eventually("5000 requests", func(s Stats) bool { return s.Requests[1] == 5000 })
	if s := d.srv.Stats(); s.ShortReplies != 0 || s.BytesOut != 5000*256 || s.ClientsEver != 50 {
		t.Errorf("%+v", s)
	}
}

func TestPipeline(t *testing.T) { eachDriver(t, testPipeline) }

func testPipeline(t *testing.T, serve startFunc) {
	c := serve(t, prng.Seeded, nil).dial()
	c.Send(bytes.Repeat([]byte{1, 255}, 100))
	for i := range 100 {
		if b := c.Receive(256); len(b) != 256 || b[0] != 255 {
			t.Fatalf("reply %d has %d bytes", i, len(b))
		}
	}
}

// More than sockets hold: the daemon stops reading, and loses no byte.
func TestPipelineBeyondAllBuffers(t *testing.T) { eachDriver(t, testPipelineBeyondAllBuffers) }

func testPipelineBeyondAllBuffers(t *testing.T, serve startFunc) {
	const requests = 20000 // 5 MB of replies
	d := serve(t, prng.Seeded, nil)
	c := d.dial()
	go c.Send(bytes.Repeat([]byte{1, 255}, requests))
	d.eventually("full sockets", func(s Stats) bool { return s.BytesOut > 50_000 })
	for i := range requests {
		if b := c.Receive(256); len(b) != 256 || b[0] != 255 {
			t.Fatalf("reply %d has %d bytes", i, len(b))
		}
	}
	if rest := c.Rest(); len(rest) > 0 {
		t.Errorf("%d bytes too many", len(rest))
	}
}

func TestSeedingReleasesAll(t *testing.T) { eachDriver(t, testSeedingReleasesAll) }

func testSeedingReleasesAll(t *testing.T, serve startFunc) {
	d := serve(t, prng.Unseeded, nil)
	var clients []*client
	for range 200 {
		c := d.dial()
		c.Send([]byte{2, 16})
		clients = append(clients, c)
	}
	seed(d.generator)
	for _, c := range clients {
		if b := c.Receive(16); len(b) != 16 {
			t.Fatalf("%d bytes", len(b))
		}
	}
}

func TestUnseededWaitEnds(t *testing.T) { eachDriver(t, testUnseededWaitEnds) }

func testUnseededWaitEnds(t *testing.T, serve startFunc) {
	d := serve(t, prng.Unseeded, func(c *Config) { c.UnseededWait = 0 })
	c := d.dial()
	c.Send([]byte{1, 16, 1, 16})
	if b := c.Receive(2); !bytes.Equal(b, []byte{0, 0}) {
		t.Fatalf("got %x", b)
	}
	d.eventually("the count", func(s Stats) bool { return s.EmptyUnseeded == 2 && s.ShortReplies == 0 })
	d.srv.Reconfigure(Config{UnseededWait: time.Millisecond})
	c.Send([]byte{1, 16})
	if b := c.Receive(1); !bytes.Equal(b, []byte{0}) {
		t.Fatalf("got %x", b)
	}
}

// A shorter wait holds for those who wait already.
func TestReconfigureWakesWaiting(t *testing.T) { eachDriver(t, testReconfigureWakesWaiting) }

func testReconfigureWakesWaiting(t *testing.T, serve startFunc) {
	d := serve(t, prng.Unseeded, nil)
	c := d.dial()
	c.Send([]byte{0, 1, 16})
	c.Receive(4) // it is served: its command 1 waits now, or soon
	d.srv.Reconfigure(Config{})
	if b := c.Receive(1); !bytes.Equal(b, []byte{0}) {
		t.Fatalf("got %x", b)
	}
}

// A client that sent all its requests, waits for a seed and dies does not
// keep its slot.
func TestDeadWaiterIsNoticed(t *testing.T) { eachDriver(t, testDeadWaiterIsNoticed) }

func testDeadWaiterIsNoticed(t *testing.T, serve startFunc) {
	d := serve(t, prng.Unseeded, nil)
	c := d.dial()
	c.Send([]byte{0, 2, 16})
	c.Receive(4)
	c.c.Close()
	d.eventually("its end", func(s Stats) bool { return s.Clients == 0 })
}

func TestWriteThenCloseCounts(t *testing.T) { eachDriver(t, testWriteThenCloseCounts) }

func testWriteThenCloseCounts(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, nil)
	for range 20 {
		c := d.dial()
		c.Send([]byte{3, 0, 16, 2, 0xaa, 0xbb})
		c.c.Close()
	}
	d.eventually("20 writes", func(s Stats) bool { return s.Requests[3] == 20 && s.WritesRefused == 20 && s.Clients == 0 })
	for _, source := range d.generator.Stats().Sources {
		if source.Name == "client" && (source.Samples != 20 || source.CreditedBits != 0) {
			t.Errorf("the generator has %+v", source)
		}
	}
}

func TestWriteCredit(t *testing.T) { eachDriver(t, testWriteCredit) }

func testWriteCredit(t *testing.T, serve startFunc) {
	beSomebody(t)
	var asked *peercred.Cred // in the last of 20 writes
	d := serve(t, prng.Unseeded, func(c *Config) {
		c.CreditsWrites = func(p peercred.Cred) bool { asked = &p; return true }
	})
	c := d.dial()
	data := bytes.Repeat([]byte{0xaa}, 64)
	for i := range 20 {
		data[0] = byte(i)
		c.Send(append([]byte{3, 0xff, 0xff, 64}, data...))
	}
	c.Send([]byte{0})
	if b := c.Receive(4); !bytes.Equal(b, []byte{0, 0, 0, 0}) {
		t.Errorf("clients alone seeded the generator: level %x", b)
	}
	s := d.srv.Stats()
	if s.CreditedBits == 0 || s.CreditedBits > 256 || s.WritesClamped != 20 || s.WritesCredited+s.WritesRefused != 20 {
		t.Errorf("%+v", s)
	}
	if asked == nil || asked.UID != syscall.Getuid() || asked.PID != syscall.Getpid() {
		t.Errorf("asked about %+v", asked)
	}
}

func TestCreditsWrites(t *testing.T) {
	yes := func(peercred.Cred) bool { return true }
	for uid, want := range map[int]bool{0: true, 1000: true, 65534: false, -1: false} {
		if got := creditsWrites(yes, peercred.Cred{UID: uid}); got != want {
			t.Errorf("uid %d: %v", uid, got)
		}
	}
	if creditsWrites(nil, peercred.Cred{}) {
		t.Error("a write of root is credited without a directive")
	}
}

// G14: what one peer may do alone lifts the limit of no other.
func TestAloneIsOnePeers(t *testing.T) { eachDriver(t, testAloneIsOnePeers) }

func testAloneIsOnePeers(t *testing.T, serve startFunc) {
	beSomebody(t)
	d := serve(t, prng.Unseeded, func(c *Config) {
		c.CreditsWrites = func(peercred.Cred) bool { return true }
		c.Alone = func(p peercred.Cred) bool { return p.UID != syscall.Getuid() }
	})
	c := d.dial()
	for i := range 20 {
		c.Send(append([]byte{3, 2, 0, 64}, bytes.Repeat([]byte{byte(i)}, 64)...))
	}
	c.Send([]byte{0})
	if b := c.Receive(4); !bytes.Equal(b, []byte{0, 0, 0, 0}) {
		t.Errorf("level %x", b)
	}
	if s := d.srv.Stats(); s.CreditedBits != 256 {
		t.Errorf("%d bits counted", s.CreditedBits)
	}
}

func TestAloneMaySeed(t *testing.T) { eachDriver(t, testAloneMaySeed) }

func testAloneMaySeed(t *testing.T, serve startFunc) {
	beSomebody(t)
	d := serve(t, prng.Unseeded, func(c *Config) {
		c.CreditsWrites = func(peercred.Cred) bool { return true }
		c.Alone = func(peercred.Cred) bool { return true }
	})
	c := d.dial()
	for i := range 4 {
		c.Send(append([]byte{3, 2, 0, 64}, bytes.Repeat([]byte{byte(i)}, 64)...))
	}
	c.Send([]byte{0, 2, 8})
	if b := c.Receive(12); len(b) != 12 || b[2] != 0x20 {
		t.Errorf("got %x", b)
	}
}

func TestUnknownCommandIsLoggedOnce(t *testing.T) { eachDriver(t, testUnknownCommandIsLoggedOnce) }

func testUnknownCommandIsLoggedOnce(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, nil)
	for range 3 {
		c := d.dial()
		c.Send([]byte{0x93, 0x12})
		if !c.Closed(true) {
			t.Fatal("still open")
		}
	}
	d.eventually("the count", func(s Stats) bool { return s.UnknownCommands == 3 && s.Clients == 0 })
	d.stop()
	d.eventually("the line", func(Stats) bool { return len(d.log.AllEntries()) == 1 })
	if e := d.log.LastEntry(); e.Data["uid"] != syscall.Getuid() || e.Data["pid"] != syscall.Getpid() {
		t.Errorf("logged %v", e.Data)
	}
}

func TestWaitingIsWarnedAboutOncePerPhase(t *testing.T) {
	eachDriver(t, testWaitingIsWarnedAboutOncePerPhase)
}

func testWaitingIsWarnedAboutOncePerPhase(t *testing.T, serve startFunc) {
	d := serve(t, prng.Unseeded, nil)
	lines := func(n int) {
		t.Helper()
		d.eventually("the line", func(Stats) bool { return len(d.log.AllEntries()) == n })
	}
	for range 3 {
		d.srv.core.log.clientsWait(d.generator.State())
	}
	lines(1)
	seed(d.generator)
	d.generator.Hold(prng.Jumped)
	d.eventually("the next phase", func(Stats) bool { return !d.srv.core.log.warned.Load() })
	d.srv.core.log.clientsWait(d.generator.State())
	lines(2)
	if first, second := d.log.AllEntries()[0].Message, d.log.AllEntries()[1].Message; first == second {
		t.Errorf("both say %q", first)
	}
}

func TestPartialRequestIsQuiet(t *testing.T) { eachDriver(t, testPartialRequestIsQuiet) }

func testPartialRequestIsQuiet(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, nil)
	c := d.dial()
	c.Send([]byte{1})
	c.c.Close()
	d.eventually("the count", func(s Stats) bool { return s.PartialRequests == 1 && s.Clients == 0 })
	d.stop()
	if n := len(d.log.AllEntries()); n > 0 {
		t.Errorf("%d log lines", n)
	}
}

// What waits for a client that reads nothing is bounded, by a Unix socket and by
// TCP.
func TestPeerThatReadsNothingIsBounded(t *testing.T) {
	eachDriver(t, testPeerThatReadsNothingIsBounded)
}

func testPeerThatReadsNothingIsBounded(t *testing.T, serve startFunc) {
	const most = 64<<10 + session.StepBytes
	d := serve(t, prng.Seeded, nil)
	c := d.dial()
	var sending sync.WaitGroup
	sending.Go(func() { c.Send(bytes.Repeat([]byte{2, 255}, 20000)) })
	same, sent := 0, uint64(0)
	d.eventually("full sockets", func(s Stats) bool {
		if same++; s.BytesOut != sent {
			same, sent = 0, s.BytesOut
		}
		return sent > 0 && same == 100
	})
	if sent > most {
		t.Errorf("%d bytes wait for a client that reads nothing, expected %d at most", sent, most)
	}
	c.c.Close()
	sending.Wait()
}
