//go:build linux

package hostile

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// Attacks by how connections are made, kept and left, and by what is asked for.

const (
	slowpokes  = 2000
	deafOnes   = 500
	idleHalves = 300
	// deafBytes is what may wait for a deaf one: the 64 KiB that its socket holds, and a step that was let in with the
	// last free byte.
	deafBytes = 64<<10 + 8<<10
)

// spin is what two busy programs cost everybody on the machine: they leave the daemon alone.
func spin(a *assault) {
	for range 2 {
		go func() {
			for a.Err() == nil {
			}
		}()
	}
	a.count("busy loops", 2)
	a.stand()
}

// slow begins requests and does not end them. Half of its connections send a byte more now and then, as a client does
// that knows of a time limit between bytes.
func slow(a *assault) {
	list := a.connect(slowpokes, a.as(rascal), saying(3, 0, 0, 255))
	a.count("half requests", len(list))
	go func() {
		for a.Err() == nil {
			time.Sleep(300 * time.Millisecond)
			for i := 0; i < len(list); i += 2 {
				list[i].Write([]byte{0xaa})
			}
		}
	}()
	a.stand()
}

// slowWrong: after 30 s they are gone, and not before.
func slowWrong(s *sight) {
	gone := s.after.Clients.Timeouts
	s.unless(s.Seconds >= 25 || gone == 0, "%d were closed after %.0f s", gone, s.Seconds)
	s.unless(s.Seconds < 35 || gone == slowpokes, "%d of %d were closed after %.0f s", gone, slowpokes, s.Seconds)
}

// deaf asks for 10 MB on each connection and reads nothing.
func deaf(a *assault) {
	requests := bytes.Repeat([]byte{2, 255}, 40000)
	list := a.connect(deafOnes, a.as(rascal), func(c net.Conn) bool {
		go func() {
			for a.Err() == nil {
				if _, err := c.Write(requests); err != nil {
					return
				}
			}
		}()
		return true
	})
	a.count("deaf", len(list))
	worst := settle(list)
	a.count("bytes wait for the worst", worst)
	if worst > deafBytes {
		a.complain("%d bytes wait for one that does not read, expected %d at most", worst, deafBytes)
	}
	a.stand()
}

// settle waits until something lies in the sockets, and grows no more, and returns the most that lies in one.
func settle(list []net.Conn) (worst int) {
	for was, is := -1, 0; is != was || is == 0; {
		time.Sleep(100 * time.Millisecond)
		was, is = is, 0
		for _, c := range list {
			raw, _ := c.(*net.UnixConn).SyscallConn()
			raw.Control(func(fd uintptr) {
				n, _ := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
				is, worst = is+n, max(worst, n)
			})
		}
	}
	return worst
}

// deafWrong: they cost memory within bounds, and end after 30 s.
func deafWrong(s *sight) {
	gone := s.after.Clients.Timeouts
	s.unless(s.grown() < deafOnes*64, "%d KiB more for %d of them, expected 64 each at most", s.grown(), deafOnes)
	s.unless(s.Seconds <= 35 || gone == deafOnes, "%d of %d were closed after %.0f s", gone, deafOnes, s.Seconds)
}

// storm asks for something on three of four connections.
func storm(_ *harness.Client, c net.Conn) error {
	if rand.IntN(4) > 0 {
		harness.Ask(c, []byte{1, 32}, 33)
	}
	return nil
}

// halves leaves TCP connections in every odd state: in the middle of a request, half closed in it, and reset with
// replies under way.
func halves(a *assault) {
	idle := a.connect(idleHalves, a.from(func(int) net.IP { return net.IPv4(127, 0, 0, 1) }), saying(2))
	a.count("in the middle of a request", len(idle))
	// An address has ports for a few seconds of this.
	dial := a.from(func(i int) net.IP { return net.IPv4(127, byte(i), byte(1+rand.IntN(250)), 1) })
	a.rage(4, "half closed or reset/s", func(i int) int {
		time.Sleep(time.Millisecond)
		c, err := dial(i)
		if err != nil {
			a.complain("connecting: %v", err)
			return 0
		}
		defer c.Close()
		if i%2 == 0 {
			c.SetDeadline(time.Now().Add(harness.Patience))
			c.Write([]byte{0, 2})
			c.(*net.TCPConn).CloseWrite()
			if b, _ := io.ReadAll(c); len(b) != 4 {
				a.complain("half closed in its second request: %d bytes, expected the 4 of the first", len(b))
			}
			return 1
		}
		c.Write([]byte{2, 255, 2, 255, 2})
		c.(*net.TCPConn).SetLinger(0)
		return 1
	})
	runtime.KeepAlive(idle)
}

func halvesWrong(s *sight) {
	s.unless(s.after.Clients.Partial > s.before.Clients.Partial, "none was counted as left inside a request")
}

// leave begins a request and goes.
func leave(_ *harness.Client, c net.Conn) error {
	c.Write([]byte{2})
	return nil
}

// leaversWrong: clients that have gone leave nothing behind.
func leaversWrong(s *sight) {
	s.unless(s.grown() < 16<<10, "%d KiB more, after %d clients have gone", s.grown(), s.after.Clients.Partial)
}

// garbage is random bytes until it is cut off. What of them is a request gets its answer, which is read now and then.
func garbage(_ *harness.Client, c net.Conn) error {
	c.SetDeadline(time.Now().Add(time.Second))
	b := make([]byte, 1024)
	for {
		for i := range b {
			b[i] = byte(rand.Uint32())
			if i%16 == 0 {
				b[i] %= 5 // else the first byte ends it
			}
		}
		if _, err := c.Write(b); err != nil {
			return nil
		}
		c.Read(b)
	}
}

// unknown is a command that there is not.
func unknown(_ *harness.Client, c net.Conn) error {
	command := 5 + byte(rand.IntN(251))
	if b, _ := harness.Ask(c, []byte{command}, 1); len(b) > 0 {
		return fmt.Errorf("command %d was answered", command)
	}
	return nil
}

func unknownWrong(s *sight) {
	s.unless(s.after.Clients.Unknown > s.before.Clients.Unknown, "no unknown command was counted: the attack is none")
}

// flood sends the same again and again, and reads so many bytes of replies each time.
func flood(reply int, requests []byte) func(*harness.Client, net.Conn) error {
	return func(_ *harness.Client, c net.Conn) error {
		r := harness.Send(c, requests...)
		r.Discard(reply)
		return r.Err
	}
}

// gifts claim 65,535 bits for every byte, or every 255.
func gifts() []byte {
	long := append([]byte{3, 0xff, 0xff, 255}, bytes.Repeat([]byte{0xbb}, 255)...)
	return append(bytes.Repeat([]byte{3, 0xff, 0xff, 1, 0xaa}, 2000), bytes.Repeat(long, 100)...)
}

func writesWrong(s *sight) {
	for _, source := range s.after.Sources {
		if source.Name == "client" {
			s.unless(source.Bits == 0, "%d bits were credited", source.Bits)
			s.unless(source.Samples > 0, "nothing was written: the attack is none")
		}
	}
}
