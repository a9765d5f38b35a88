//go:build linux

package soak

import (
	"bytes"
	"io"
	"net"
	"os"
	"time"

	"prngd/test/harness"
)

// moods are how the sources of the daemon behave, in the order in which they come: each fault is followed by a
// recovery. The sources are a command of its prngd.conf, which reads the mood from a file, and the EGD that we are to
// it.
var moods = []string{"works", "fails", "works", "hangs", "works", "chatters", "works", "orphans", "works", "dies"}

// feel is the next mood.
func (d *run) feel(mood string) error {
	d.mood.Store(mood)
	return d.replace("mood", mood+"\n", 0o644)
}

// serveUpstream is an EGD in that mood.
func (d *run) serveUpstream() {
	path := d.Dir + "/upstream"
	l, err := net.Listen("unix", path)
	harness.Must(d.t, err)
	d.t.Cleanup(func() { l.Close() })
	harness.Must(d.t, os.Chmod(path, 0o777)) // the daemon is another user
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go d.answer(c)
		}
	}()
}

// answer plays one conversation.
func (d *run) answer(c net.Conn) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, 2)); err != nil {
		return
	}
	sample := make([]byte, 65)
	sample[0] = 64
	time.Now().AppendFormat(sample[1:1], time.RFC3339Nano)
	switch d.mood.Load() {
	case "works":
		c.Write(sample)
	case "fails":
		c.Write([]byte{255})
	case "hangs":
		io.Copy(io.Discard, c) // until the daemon has had enough
	case "chatters":
		for err := error(nil); err == nil; {
			_, err = c.Write(bytes.Repeat([]byte{1, 'x'}, 2000))
		}
	case "orphans":
		c.Write(sample[:30])
	}
}
