//go:build linux

package hostile

import (
	"bytes"
	"time"

	"prngd/test/harness"
)

const floods = 200

// flood sends the same again and again on a connection, and reads so many bytes
// of replies each time.
func (a *assault) flood(n, uid int, what string, request []byte, each, reply int) {
	list := make([]*harness.Conn, n)
	for i := range list {
		c, err := a.dial(uid)
		if err != nil {
			a.complain("connecting: %v", err)
			return
		}
		defer c.Close()
		list[i] = c
	}
	buffers := make([][]byte, n)
	a.rage(n, what, func(i int) int {
		c := list[i]
		c.SetDeadline(time.Now().Add(harness.Patience))
		if _, err := c.Write(request); err != nil {
			a.complain("a flooding connection was closed: %v", err)
			<-a.stop
			return 0
		}
		if buffers[i] == nil {
			buffers[i] = make([]byte, 64<<10)
		}
		for got := 0; got < reply; {
			m, err := c.Read(buffers[i][:min(len(buffers[i]), reply-got)])
			if err != nil {
				a.complain("a flooding connection was closed: %v", err)
				<-a.stop
				return 0
			}
			got += m
		}
		return each
	})
}

// writes gives as much as is taken, and claims 65,535 bits for every byte.
func writes(a *assault) {
	one := []byte{3, 0xff, 0xff, 1, 0xaa}
	long := append([]byte{3, 0xff, 0xff, 255}, bytes.Repeat([]byte{0xbb}, 255)...)
	a.flood(floods, nobody, "writes/s", append(bytes.Repeat(one, 2000), bytes.Repeat(long, 100)...), 2100, 0)
}

func writesWrong(s sight) (wrong []string) {
	for _, source := range s.after.Sources {
		if source.Name == "client" {
			wrong = unless(source.Bits == 0, "%d bits were credited", source.Bits)
			wrong = append(wrong, unless(source.Samples > 0, "nothing was written: the attack is none")...)
		}
	}
	return wrong
}

func levels(a *assault) {
	a.flood(floods, rascal, "levels/s", make([]byte, 4096), 4096, 4*4096)
}

func pipelines(a *assault) {
	a.flood(floods, rascal, "reads/s", bytes.Repeat([]byte{2, 255}, 2000), 2000, 2000*255)
}

func askers(a *assault) {
	a.flood(1000, rascal, "reads/s", []byte{2, 255}, 1, 255)
}
