//go:build linux

package soak

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// mood is how the sources of the daemon behave at the moment: a command of its
// prngd.conf, which reads it from a file, and the EGD that we are to it.
type mood struct{ now atomic.Int32 }

// moods in the order in which they come: each fault is followed by a recovery.
var moods = [...]string{"works", "fails", "works", "hangs", "works", "chatters", "works", "orphans", "works", "dies"}

func (m *mood) String() string { return moods[m.now.Load()] }

// change is the next mood.
func (d *run) change() error {
	d.mood.now.Store((d.mood.now.Load() + 1) % int32(len(moods)))
	return d.replace("mood", d.mood.String()+"\n", 0o644)
}

// serveUpstream is an EGD in that mood.
func (d *run) serveUpstream() (net.Listener, error) {
	l, err := net.Listen("unix", d.path("upstream"))
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(d.path("upstream"), 0o777); err != nil { // the daemon may be somebody else
		l.Close()
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go d.mood.answer(c)
		}
	}()
	return l, nil
}

// answer plays one conversation.
func (m *mood) answer(c net.Conn) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, 2)); err != nil {
		return
	}
	sample := make([]byte, 65)
	sample[0] = 64
	time.Now().AppendFormat(sample[1:1], time.RFC3339Nano)
	switch m.String() {
	case "works":
		c.Write(sample)
	case "fails":
		c.Write([]byte{255})
	case "hangs":
		io.Copy(io.Discard, c) // until the daemon has had enough
	case "chatters":
		for chatter := bytes.Repeat([]byte{1, 'x'}, 2000); ; {
			if _, err := c.Write(chatter); err != nil {
				return
			}
		}
	case "orphans":
		c.Write(sample[:30])
	}
}
