//go:build linux

package hostile

import (
	"bytes"
	"math/rand/v2"
	"time"

	"prngd/test/harness"
)

// Attacks by what is asked for.

// garbage sends random bytes until it is cut off. What of them is a request gets its answer, which it reads now and
// then.
func garbage(a *assault) {
	a.rush(50, "KiB/s", func(_ int, c *harness.Conn) (sent int) {
		c.SetDeadline(time.Now().Add(time.Second))
		b := make([]byte, 1024)
		for ; a.Err() == nil; sent++ {
			for i := range b {
				b[i] = byte(rand.Uint32())
				if i%16 == 0 {
					b[i] %= 5 // else the first byte ends it
				}
			}
			if _, err := c.Write(b); err != nil {
				return sent
			}
			c.Read(b)
		}
		return sent
	})
}

// unknown sends nothing but unknown commands, each on a connection of its own.
func unknown(a *assault) {
	a.rush(20, "connections/s", func(i int, c *harness.Conn) int {
		if b, _ := c.Ask([]byte{byte(5 + i)}, 1); len(b) > 0 {
			a.complain("command %d was answered", 5+i)
		}
		return 1
	})
}

func unknownWrong(s *sight) {
	s.unless(s.after.Clients.Unknown > s.before.Clients.Unknown, "no unknown command was counted: the attack is none")
}

// flood sends the same again and again on n connections, and reads so many bytes of replies each time.
func flood(n, uid int, what string, each, reply int, requests []byte) func(*assault) {
	return func(a *assault) {
		list := a.connect(n, a.as(uid), saying())
		buffers := make([][]byte, len(list))
		a.rage(len(list), what, func(i int) int {
			c := list[i]
			if buffers[i] == nil {
				buffers[i] = make([]byte, 64<<10)
			}
			c.SetDeadline(time.Now().Add(harness.Patience))
			_, err := c.Write(requests)
			for got := 0; got < reply && err == nil; {
				var m int
				m, err = c.Read(buffers[i][:min(len(buffers[i]), reply-got)])
				got += m
			}
			if err != nil {
				a.complain("a flooding connection was closed: %v", err)
				<-a.Done()
				return 0
			}
			return each
		})
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
