//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"prngd/scripts/internal/load"
)

// played is what the guests saw.
type played struct {
	Waits digest  // from asking to the last byte
	Each  []int64 // bytes that each who asked has got
	Took  time.Duration
}

// host is the process that plays all guests.
type host struct {
	options
	epoll  int
	guests []guest // those that ask come first
	buf    []byte
	waits  []time.Duration
}

// play connects all guests, says "ready", waits for a line, has them ask, and
// prints what they saw.
func play(o options) error {
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	load.Pin(1) // the daemon has the other one; where we may not, anywhere will do
	h, err := connect(o)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	var line string
	if _, err := fmt.Scanln(&line); err != nil {
		return err
	}
	begin := time.Now()
	if o.period == 0 {
		err = h.askOnAndOn(begin)
	} else {
		err = h.askByTheClock(begin)
	}
	saw := played{Took: time.Since(begin)}
	if err == nil && o.period > 0 { // what they asked for is known, all of it counts
		err = h.drain()
	}
	if err != nil {
		return err
	}
	for i := range h.asking() {
		saw.Each = append(saw.Each, h.guests[i].got)
	}
	if err := h.drain(); err != nil {
		return err
	}
	if err := h.prove(); err != nil {
		return err
	}
	saw.Waits = digested(h.waits)
	return json.NewEncoder(os.Stdout).Encode(saw)
}

func (h *host) asking() int { return h.all - h.silent }

func connect(o options) (*host, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	h := &host{options: o, epoll: epoll, buf: make([]byte, 64<<10), waits: make([]time.Duration, 0, 1<<20)}
	for i := range o.all {
		fd, err := load.Connect(o.address)
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
	for end := time.Now().Add(20 * time.Second); owed() > 0; {
		if time.Now().After(end) {
			return fmt.Errorf("%d bytes did not come in 20 s", owed())
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
