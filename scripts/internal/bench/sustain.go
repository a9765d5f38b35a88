//go:build linux

package main

import (
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outcome is what one measurement brought.
type outcome struct {
	rate     float64 // full replies a second
	p50, p99 float64 // of their times, microseconds
	cpu      float64 // the server's, microseconds for each reply
	fairness float64 // replies on the worst-served connection over the best-served
	late     int     // over 100 ms
}

// sustain keeps k connections busy, one request under way on each.
func sustain(s *server, k int, n byte, slice time.Duration) (outcome, error) {
	clients := make([]*client, k)
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return outcome{}, err
	}
	defer unix.Close(ep)
	shared := make([]byte, 512)
	for i := range clients {
		c, err := dial(s.path)
		if err != nil {
			return outcome{}, err
		}
		defer c.close()
		c.buf = shared
		clients[i] = c
		unix.SetNonblock(c.fd, true)
		e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, c.fd, &e); err != nil {
			return outcome{}, err
		}
	}
	times := make([]time.Duration, 0, 1<<20)
	begin, cpu := time.Now(), s.cpu()
	for _, c := range clients {
		if err := c.send(n); err != nil {
			return outcome{}, err
		}
	}
	var events [256]unix.EpollEvent
	for time.Since(begin) < slice {
		got, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 20, 0, 0)
		if errno != 0 {
			continue // a signal of Go's scheduler
		}
		for _, e := range events[:got] {
			c := clients[e.Fd]
			done, err := c.receive()
			if err != nil {
				return outcome{}, err
			}
			if done {
				times = append(times, time.Since(c.sent))
				if err := c.send(n); err != nil {
					return outcome{}, err
				}
			}
		}
	}
	o := digest(times, time.Since(begin))
	o.cpu = float64((s.cpu() - cpu).Nanoseconds()) / 1e3 / float64(max(1, len(times)))
	o.fairness = fairness(clients)
	return o, nil
}

func digest(times []time.Duration, wall time.Duration) outcome {
	slices.Sort(times)
	o := outcome{rate: float64(len(times)) / wall.Seconds()}
	if len(times) == 0 {
		return o
	}
	micro := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))].Nanoseconds()) / 1e3 }
	o.p50, o.p99 = micro(0.5), micro(0.99)
	for i := len(times) - 1; i >= 0 && times[i] > 100*time.Millisecond; i-- {
		o.late++
	}
	return o
}

func fairness(clients []*client) float64 {
	least, most := clients[0].replies, clients[0].replies
	for _, c := range clients {
		least, most = min(least, c.replies), max(most, c.replies)
	}
	return float64(least) / float64(max(1, most))
}

// roundTrips is one client that asks and waits.
func roundTrips(s *server, n byte, slice time.Duration) (outcome, error) {
	c, err := dial(s.path)
	if err != nil {
		return outcome{}, err
	}
	defer c.close()
	times := make([]time.Duration, 0, 1<<18)
	begin, cpu := time.Now(), s.cpu()
	for time.Since(begin) < slice {
		d, err := c.ask(n)
		if err != nil {
			return outcome{}, err
		}
		times = append(times, d)
	}
	o := digest(times, time.Since(begin))
	o.cpu = float64((s.cpu() - cpu).Nanoseconds()) / 1e3 / float64(len(times))
	return o, nil
}
