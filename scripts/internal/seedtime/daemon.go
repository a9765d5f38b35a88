package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"prngd/egdproto"
)

// daemon is what is started, and where it then answers.
type daemon struct {
	command []string
	address egdproto.Address
	limit   time.Duration
	log     *os.File
}

// start is one start: times since exec, and the bytes it gave.
type start struct {
	answered, seeded time.Duration
	bytes            [egdproto.MaxRead]byte
}

// once starts the daemon, asks until it is seeded, reads, and ends it.
func (d daemon) once() (start, error) {
	cmd := exec.Command(d.command[0], d.command[1:]...)
	cmd.Stdout, cmd.Stderr = d.log, d.log
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return start{}, err
	}
	s, err := d.ask(begin)
	cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	defer kill.Stop()
	if werr := cmd.Wait(); err == nil && werr != nil {
		err = fmt.Errorf("after SIGTERM: %w", werr)
	}
	return s, err
}

func (d daemon) ask(begin time.Time) (start, error) {
	c, err := d.connect(begin)
	if err != nil {
		return start{}, err
	}
	defer c.Close()
	c.SetDeadline(begin.Add(d.limit + time.Second)) // after our own limit, which says more
	s, egd := start{}, egdproto.NewClient(c)
	for {
		level, err := egd.Level()
		if err != nil {
			return s, fmt.Errorf("asking for the level: %w", err)
		}
		s.seeded = time.Since(begin)
		if s.answered == 0 {
			s.answered = s.seeded
		}
		if level > 0 {
			break
		}
		if s.seeded > d.limit {
			return s, fmt.Errorf("not seeded after %v", d.limit)
		}
		time.Sleep(time.Millisecond)
	}
	if n, err := egd.ReadSome(s.bytes[:]); err != nil || n != len(s.bytes) {
		return s, fmt.Errorf("command 1 gave %d of %d bytes: %v", n, len(s.bytes), err)
	}
	if s.bytes == [egdproto.MaxRead]byte{} {
		return s, fmt.Errorf("command 1 gave %d zeros", len(s.bytes))
	}
	return s, nil
}

// connect tries every millisecond, as a client that was started together with the daemon would.
func (d daemon) connect(begin time.Time) (net.Conn, error) {
	network, address := d.address.Dial()
	for {
		c, err := net.Dial(network, address)
		if err == nil {
			return c, nil
		}
		if time.Since(begin) > d.limit {
			return nil, fmt.Errorf("no answer after %v: %w", d.limit, err)
		}
		time.Sleep(time.Millisecond)
	}
}
