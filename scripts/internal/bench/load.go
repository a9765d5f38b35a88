//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// outcome is what one measurement brought.
type outcome [4]float64

const (
	rate     = iota // full replies a second; of pipelined reads MB/s
	p50             // of their times, microseconds
	cpu             // the server's, microseconds for each reply
	fairness        // replies on the worst-served connection over the best-served
)

// outcome is that of replies that took so long, since begin, when the server had used so much processor time.
func (s *server) outcome(times []time.Duration, begin time.Time, before time.Duration) (o outcome) {
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	o[rate] = float64(len(times)) / time.Since(begin).Seconds()
	if len(times) > 0 {
		slices.Sort(times)
		o[p50] = micros(times[len(times)/2])
		o[cpu] = micros(harness.CPU(s.pid)-before) / float64(len(times))
	}
	return o
}

// client is one connection with one request under way. It shares the machine
// with the server it measures, so it does not tell Go's scheduler about its
// system calls.
type client struct {
	fd      int
	n       byte
	left    int // bytes of the reply that are to come; -1: its length byte is next
	sent    time.Time
	replies int
}

// dial connects a client. Where it waits for a reply, one that is five seconds late is an error.
func dial(path string) (*client, error) {
	fd, err := harness.Connect(path)
	if err == nil {
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
	}
	return &client{fd: fd}, err
}

func (c *client) close() { unix.Close(c.fd) }

// send asks for n bytes with command 1.
func (c *client) send(n byte) error {
	c.n, c.left, c.sent = n, -1, time.Now()
	return harness.Write(c.fd, []byte{1, n})
}

// receive reads what is there and reports whether the reply is complete.
func (c *client) receive() (bool, error) {
	var buf [512]byte
	n, e := harness.Read(c.fd, buf[:])
	if e == unix.EINTR {
		return false, nil
	}
	if e != 0 || n == 0 {
		return false, fmt.Errorf("reading a reply: %d bytes, %w", n, e)
	}
	if c.left < 0 && buf[0] == c.n {
		c.left, n = int(c.n), n-1
	}
	if c.left -= n; c.left < 0 {
		return false, errors.New("the reply is not what was asked for")
	}
	if c.left == 0 {
		c.replies++
	}
	return c.left == 0, nil
}

// ask is one round trip of a blocking client.
func (c *client) ask(n byte) (time.Duration, error) {
	err := c.send(n)
	for done := false; !done && err == nil; {
		done, err = c.receive()
	}
	return time.Since(c.sent), err
}

// sustain keeps k connections busy, one request under way on each.
func (s *server) sustain(k int, n byte) outcome {
	ep := must(unix.EpollCreate1(unix.EPOLL_CLOEXEC))
	defer unix.Close(ep)
	clients := make([]*client, k)
	for i := range clients {
		c := must(dial(s.path))
		defer c.close()
		clients[i] = c
		unix.SetNonblock(c.fd, true)
		check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, c.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}))
	}
	times := make([]time.Duration, 0, 1<<20)
	begin, before := time.Now(), harness.CPU(s.pid)
	for _, c := range clients {
		check(c.send(n))
	}
	var events [256]unix.EpollEvent
	for time.Since(begin) < s.slice {
		got, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 20, 0, 0)
		if errno != 0 {
			continue // a signal of Go's scheduler
		}
		for _, e := range events[:got] {
			if c := clients[e.Fd]; must(c.receive()) {
				times = append(times, time.Since(c.sent))
				check(c.send(n))
			}
		}
	}
	o := s.outcome(times, begin, before)
	slices.SortFunc(clients, func(a, b *client) int { return a.replies - b.replies })
	o[fairness] = float64(clients[0].replies) / float64(max(1, clients[k-1].replies))
	return o
}

// roundTrips is one client that asks and waits.
func (s *server) roundTrips(n byte) outcome {
	c := must(dial(s.path))
	defer c.close()
	times := make([]time.Duration, 0, 1<<18)
	begin, before := time.Now(), harness.CPU(s.pid)
	for time.Since(begin) < s.slice {
		times = append(times, must(c.ask(n)))
	}
	return s.outcome(times, begin, before)
}

// burst has k clients connect at once, read n bytes each and close, as when a
// mail server's children start; again and again.
func (s *server) burst(k int, n byte) outcome {
	var times []time.Duration
	begin, before := time.Now(), harness.CPU(s.pid)
	for time.Since(begin) < s.slice {
		clients, starts := make([]*client, k), make([]time.Time, k)
		for i := range clients {
			starts[i] = time.Now()
			clients[i] = must(dial(s.path))
			check(clients[i].send(n))
		}
		for i, c := range clients {
			for !must(c.receive()) {
			}
			times = append(times, time.Since(starts[i]))
			c.close()
		}
	}
	return s.outcome(times, begin, before)
}

// pipeline keeps depth reads of n bytes under way on one connection, with
// command 2, as QEMU does.
func (s *server) pipeline(depth int, n byte) (o outcome) {
	c := must(dial(s.path))
	defer c.close()
	request, buf := bytes.Repeat([]byte{2, n}, depth), make([]byte, 64<<10)
	total, owed, spare := 0, 0, depth
	begin := time.Now()
	for time.Since(begin) < s.slice {
		check(harness.Write(c.fd, request[:2*spare]))
		owed += spare * int(n)
		got, e := harness.Read(c.fd, buf)
		if e == unix.EINTR {
			spare = 0
			continue
		}
		if e != 0 || got == 0 || got > owed {
			check(fmt.Errorf("pipelining: %d bytes, %w", got, e))
		}
		total += got
		owed -= got
		spare = depth - (owed+int(n)-1)/int(n)
	}
	o[rate] = float64(total) / 1e6 / time.Since(begin).Seconds()
	return o
}

// beside is sustain over 500 connections while another client always has 64
// reads of 255 bytes under way.
func (s *server) beside() outcome {
	ended := make(chan outcome)
	go func() {
		runtime.LockOSThread()
		check(harness.Pin(1))
		ended <- s.pipeline(64, 255)
	}()
	o := s.sustain(500, 32)
	<-ended
	return o
}
