//go:build linux

package guests

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// played is what the guests saw.
type played struct {
	Waits   harness.Digest // from asking to the last byte
	Each    []int64        // bytes that each guest that asked has got
	Took    time.Duration
	Problem string // why it could not go on
}

// host is the process that plays all guests.
type host struct {
	options
	epoll  int
	guests []guest // those that ask come first
	buf    []byte
	waits  []time.Duration
}

// play is the process: it connects all guests, waits until it is told to begin, has them ask, and tells what they saw.
func play(args []string) {
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	harness.Pin(1) // the daemon has the other one; where we may not, anywhere will do
	h, err := connect(parse(args))
	<-harness.Ready()
	var saw played
	if err == nil {
		saw, err = h.play()
	}
	if err != nil {
		saw.Problem = err.Error()
	}
	harness.Result(saw)
}

func (h *host) play() (saw played, err error) {
	begin := time.Now()
	if h.period == 0 {
		err = h.askOnAndOn(begin)
	} else {
		err = h.askByTheClock(begin)
	}
	saw.Took = time.Since(begin)
	if err == nil && h.period > 0 { // what they asked for is known, all of it counts
		err = h.drain()
	}
	if err != nil {
		return saw, err
	}
	for i := range h.asking() {
		saw.Each = append(saw.Each, h.guests[i].got)
	}
	if err := h.drain(); err != nil {
		return saw, err
	}
	saw.Waits = harness.DigestOf(h.waits)
	return saw, h.prove()
}

func (h *host) asking() int { return h.all - h.silent }

func connect(o options) (*host, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	h := &host{options: o, epoll: epoll, buf: make([]byte, 64<<10), waits: make([]time.Duration, 0, 1<<20)}
	for i := range o.all {
		fd, err := harness.Connect(o.address)
		if err != nil {
			return nil, fmt.Errorf("guest %d: %w", i+1, err)
		}
		h.guests = append(h.guests, guest{fd: fd})
		e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// askOnAndOn: a guest that has got all asks again.
func (h *host) askOnAndOn(begin time.Time) error {
	for i := range h.asking() {
		if err := h.guests[i].ask(h.size); err != nil {
			return err
		}
	}
	for time.Since(begin) < h.lasts {
		if err := h.turn(20, true); err != nil {
			return err
		}
	}
	return nil
}

// askByTheClock: each asks once in a period, one after the other. A guest that
// has not got its last bytes by then is left out, as virtio-rng would have it.
func (h *host) askByTheClock(begin time.Time) error {
	pause := h.period / time.Duration(h.asking())
	for next := 0; time.Since(begin) < h.lasts; {
		for ; time.Since(begin) >= time.Duration(next)*pause; next++ {
			g := &h.guests[next%h.asking()]
			if g.owed > 0 {
				continue
			}
			if err := g.ask(h.size); err != nil {
				return err
			}
		}
		if err := h.turn(1, false); err != nil {
			return err
		}
	}
	return nil
}

// turn takes what has come within some milliseconds.
func (h *host) turn(ms int, again bool) error {
	var events [256]unix.EpollEvent
	n, err := unix.EpollWait(h.epoll, events[:], ms)
	if err != nil && err != unix.EINTR {
		return err
	}
	for _, e := range events[:max(n, 0)] {
		g := &h.guests[e.Fd]
		all, err := g.take(h.buf)
		if err != nil {
			return fmt.Errorf("guest %d: %w", e.Fd+1, err)
		}
		if !all {
			continue
		}
		h.waits = append(h.waits, time.Since(g.asked))
		if again {
			if err := g.ask(h.size); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain waits for what is owed.
func (h *host) drain() error {
	owed := func() (sum int) {
		for i := range h.guests {
			sum += h.guests[i].owed
		}
		return sum
	}
	for end := time.Now().Add(harness.Patience); owed() > 0; {
		if time.Now().After(end) {
			return fmt.Errorf("%d bytes did not come in %v", owed(), harness.Patience)
		}
		if err := h.turn(20, false); err != nil {
			return err
		}
	}
	return nil
}

// prove has every guest, silent or not, show that its connection lives and is
// in step.
func (h *host) prove() error {
	for i := range h.guests {
		if err := h.guests[i].prove(h.pid); err != nil {
			return fmt.Errorf("guest %d at the end: %w", i+1, err)
		}
	}
	return nil
}
