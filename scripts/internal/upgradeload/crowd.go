package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// crowd is connections that say something now and then, as guests do.
type crowd []net.Conn

// crowd connects n clients, each of which has been answered once.
func (d daemon) crowd(n int) (all crowd, err error) {
	for range n {
		c, err := d.dial()
		if err != nil {
			return all, err
		}
		e := &expect{r: c}
		if _, err := c.Write([]byte{4}); err != nil {
			return all, err
		}
		if e.pid(d.pid); e.err != nil {
			return all, e.err
		}
		all = append(all, c)
	}
	return all, nil
}

// ask has each of them ask once more.
func (all crowd) ask(pid int, t *tally) {
	for _, c := range all {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		_, err := c.Write([]byte{4})
		e := &expect{r: c, err: err}
		e.pid(pid)
		t.add(1, e.err)
	}
}

// stop ends the daemon and waits until the last connection of the crowd is closed.
func (d daemon) stop(all crowd, seed string) error {
	before, err := os.ReadFile(seed)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := syscall.Kill(d.pid, syscall.SIGTERM); err != nil {
		return err
	}
	for _, c := range all {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		if n, err := c.Read(make([]byte, 1)); err != io.EOF {
			return fmt.Errorf("at the end a connection had %d bytes and %v, expected EOF", n, err)
		}
	}
	took := time.Since(began)
	after, err := os.ReadFile(seed)
	fmt.Printf("clients=%d seed_saved=%v stop_ms=%.1f\n", len(all), !bytes.Equal(before, after), took.Seconds()*1000)
	return err
}
