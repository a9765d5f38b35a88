//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// burst has k clients connect at once, read n bytes each and close, as when a
// mail server's children start; again and again.
func burst(s *server, k int, n byte, slice time.Duration) (outcome, error) {
	var times []time.Duration
	buf := make([]byte, 512)
	begin := time.Now()
	for time.Since(begin) < slice {
		clients := make([]*client, k)
		starts := make([]time.Time, k)
		for i := range clients {
			starts[i] = time.Now()
			c, err := dialLight(s.path, buf)
			if err != nil {
				return outcome{}, err
			}
			clients[i] = c
			if err := c.send(n); err != nil {
				return outcome{}, err
			}
		}
		for i, c := range clients {
			for {
				done, err := c.receive()
				if err != nil {
					return outcome{}, err
				}
				if done {
					break
				}
			}
			times = append(times, time.Since(starts[i]))
			c.close()
		}
	}
	return digest(times, time.Since(begin)), nil
}

// pipeline keeps depth reads of n bytes under way on one connection, with
// command 2, as QEMU does. The rate is in MB/s.
func pipeline(s *server, depth int, n byte, slice time.Duration) (outcome, error) {
	c, err := dial(s.path)
	if err != nil {
		return outcome{}, err
	}
	defer c.close()
	request := bytes.Repeat([]byte{2, n}, depth)
	total, owed, spare := 0, 0, depth
	begin := time.Now()
	for time.Since(begin) < slice {
		if err := harness.Write(c.fd, request[:2*spare]); err != nil {
			return outcome{}, err
		}
		owed += spare * int(n)
		got, e := harness.Read(c.fd, c.buf)
		if e == unix.EINTR {
			spare = 0
			continue
		}
		if e != 0 || got == 0 || got > owed {
			return outcome{}, fmt.Errorf("pipelining: %d bytes, %w", got, e)
		}
		total += got
		owed -= got
		spare = depth - (owed+int(n)-1)/int(n)
	}
	return outcome{rate: float64(total) / 1e6 / time.Since(begin).Seconds()}, nil
}

// beside is sustain over 500 connections while another client always has 64
// reads of 255 bytes under way.
func beside(s *server, slice time.Duration) (outcome, error) {
	ended := make(chan error)
	go func() {
		runtime.LockOSThread()
		harness.Pin(1)
		_, err := pipeline(s, 64, 255, slice)
		ended <- err
	}()
	o, err := sustain(s, 500, 32, slice)
	return o, errors.Join(err, <-ended)
}
