package server

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"prngd/internal/prng"
)

// BenchmarkLoop asks over a real socket: round trips one at a time, and bursts
// of requests on one connection.
func BenchmarkLoop(b *testing.B) {
	for _, depth := range []int{1, 64} {
		for _, n := range []int{32, 255} {
			b.Run(fmt.Sprintf("depth=%d/n=%d", depth, n), func(b *testing.B) {
				d := serve(b, systemDriver, prng.Seeded, nil)
				c := d.dial()
				c.c.SetDeadline(time.Time{})
				request := bytes.Repeat([]byte{2, byte(n)}, depth)
				reply := make([]byte, depth*n)
				b.SetBytes(int64(len(reply)))
				b.ReportAllocs()
				for b.Loop() {
					c.c.Write(request)
					if _, err := io.ReadFull(c.c, reply); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
