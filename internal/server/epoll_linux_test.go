package server

import (
	"bytes"
	"io"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"prngd/internal/prng"
)

func TestLoopAllocatesNothing(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
	c := d.ask()
	request, reply := []byte{1, 255, 0, 2, 16}, make([]byte, 256+4+16)
	ask := func() {
		c.c.Write(request)
		if _, err := io.ReadFull(c.c, reply); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	const requests = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		ask()
	}
	runtime.ReadMemStats(&after)
	if n := after.Mallocs - before.Mallocs; n > requests/10 && !raceDetector { // the runtime has some of its own
		t.Errorf("%d allocations for %d times three requests", n, requests)
	}
}

// An idle connection costs little of the Go heap; design: 1 KiB at most.
func TestIdleConnectionIsSmall(t *testing.T) {
	t.Logf("a connection takes %d bytes, a slot %d", unsafe.Sizeof(conn{}), unsafe.Sizeof(slot{}))
	d := serve(t, systemDriver, prng.Seeded, nil)
	d.ask()
	const clients = 1000
	fds := make([]int, clients) // not by package net: its part would be counted as well
	before := heap()
	for i := range fds {
		fds[i] = d.connect()
		defer syscall.Close(fds[i])
	}
	d.eventually("all of them", func(s Stats) bool { return s.Clients == 1+clients })
	if each := (heap() - before) / clients; each > 512 {
		t.Errorf("%d bytes each", each)
	} else {
		t.Logf("%d bytes each", each)
	}
}

func (d *daemon) connect() int {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		err = syscall.Connect(fd, &syscall.SockaddrUnix{Name: d.path})
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return fd
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// As many as the limits of this process allow, in every state; how long it
// takes is logged, and measured by scripts/bench.
func TestStopWithThousands(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	clients := int(min(5000, limit.Cur/2-100))
	d := serve(t, systemDriver, prng.Seeded, func(c *Config) { c.MaxConnections, c.PerUID = 16384, 16384 })
	for i := range clients {
		fd := d.connect()
		defer syscall.Close(fd)
		syscall.Write(fd, [][]byte{{1, 1}, {2}, nil}[i%3])
		if i%99 == 2 {
			syscall.Write(fd, bytes.Repeat([]byte{2, 255}, 1500))
		}
	}
	d.eventually("all of them", func(s Stats) bool { return s.Clients == clients })
	start := time.Now()
	d.stop()
	t.Logf("%d clients in %v", clients, time.Since(start))
	if s := d.srv.Stats(); s.Clients != 0 {
		t.Errorf("%+v", s)
	}
}

// A client that always has requests waiting gets its turn, as others do. What
// they get in the same time is compared by scripts/bench; here no client starves.
func TestGreedyPipeliner(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
	greedy := d.dial()
	stop := make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	defer close(stop)
	running.Go(func() { io.Copy(io.Discard, greedy.c) })
	running.Go(func() {
		defer greedy.c.Close()
		flood := bytes.Repeat([]byte{2, 255}, 2000)
		for {
			select {
			case <-stop:
				return
			default:
				greedy.Send(flood)
			}
		}
	})
	d.eventually("the flood", func(s Stats) bool { return s.BytesOut > 1<<20 })
	for range 10 {
		c := d.ask()
		before := d.srv.Stats().BytesOut
		const rounds = 50
		for range rounds {
			c.Send([]byte{1, 32})
			if len(c.Receive(33)) != 33 {
				t.Fatal("no answer")
			}
		}
		if got := d.srv.Stats().BytesOut - before; got > rounds*20*batchBytes {
			t.Errorf("the other had %d bytes in %d of our requests", got, rounds)
		}
	}
}
