package server

import (
	"testing"
	"time"

	"prngd/internal/prng"
)

// requestTime is how long a begun request may take.
const requestTime = 30 * time.Second

// halfway makes more clients than one wake-up looks at, each with the first half
// of a request sent and seen.
func (d *daemon) halfway() (list []*client) {
	for range 2*roundEvents + 10 {
		c := d.dial()
		c.Send([]byte{0, 2})
		if len(c.Receive(4)) != 4 {
			d.t.Fatal("no answer")
		}
		list = append(list, c)
	}
	return list
}

// during stops the loop while do runs; then so much time has passed.
func (d *daemon) during(passed time.Duration, looksInTime bool, do func()) {
	l := d.loop()
	stopped, goOn := make(chan struct{}), make(chan struct{})
	l.call(func() {
		close(stopped)
		<-goOn
		d.srv.core.start = d.srv.core.start.Add(-passed)
		if looksInTime {
			l.timers.wake = d.srv.core.now()
		}
	})
	<-stopped
	do()
	close(goOn)
}

func crowded(c *Config) { c.MaxConnections, c.PerUID = 4096, 4096 }

// A client that has sent the rest before its time was over is answered, however many
// there are: what has come is read before a connection is closed.
func TestReadBeforeJudged(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, crowded)
	list := d.halfway()
	d.during(requestTime, true, func() {
		for _, c := range list {
			c.Send([]byte{16})
		}
	})
	for i, c := range list {
		if len(c.Receive(16)) != 16 {
			t.Fatalf("client %d of %d was closed", i, len(list))
		}
	}
}

// A stopped process: nothing is served for a minute while clients go on.
func TestStoppedForAMinute(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, crowded)
	list := d.halfway()
	d.during(time.Minute, false, func() {
		for _, c := range list[1:] {
			c.Send([]byte{16})
		}
	})
	for i, c := range list[1:] {
		if len(c.Receive(16)) != 16 {
			t.Fatalf("client %d of %d was closed", i, len(list))
		}
	}
	// One was perhaps stopped as well: it gets a moment more, and not another 30 s.
	list[0].Send([]byte{16})
	if len(list[0].Receive(16)) != 16 {
		t.Error("a client that was stopped in the middle of a request was closed at once")
	}
	if s := d.srv.Stats(); s.RequestTimeouts != 0 {
		t.Errorf("%+v", s)
	}
}

// The deadline is still one when nothing has stopped but the client.
func TestStoppedClientIsClosed(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
	c := d.dial()
	c.Send([]byte{0, 2})
	c.Receive(4)
	d.during(requestTime, true, func() {})
	if !c.Closed(true) {
		t.Error("still open after 30 s in the middle of a request")
	}
}

func (d *daemon) loop() *loop {
	return d.srv.serving().(*loop)
}
