package prng_test

import (
	"fmt"
	"testing"
	"time"

	"prngd/internal/prng"
)

// bench is an open pool with a real monotonic clock and no kernel.
func bench(b *testing.B) *prng.Generator {
	start := time.Now()
	p, err := prng.New(prng.Env{Clocks: func() (int64, int64) {
		mono := int64(time.Since(start))
		return 1<<60 + mono, mono
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close() })
	p.Source(prng.Policy{Name: "bench"}).Add(make([]byte, 64), 512)
	return p
}

func BenchmarkGenerate(b *testing.B) {
	benchGenerate(b, func(*prng.Generator) {})
}

// What it costs to remember the output, as where a source may be a relay of it.
func BenchmarkGenerateRemembered(b *testing.B) {
	benchGenerate(b, (*prng.Generator).RememberOutput)
}

func benchGenerate(b *testing.B, prepare func(*prng.Generator)) {
	for _, n := range []int{32, 255, 4096, 65536} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, dst := bench(b), make([]byte, n)
			prepare(p)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				p.Generate(dst)
			}
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, add := range []struct{ size, bits int }{{64, 512}, {64, 0}, {255, 0}, {100000, 512}} {
		b.Run(fmt.Sprintf("%d bytes %d bits", add.size, add.bits), func(b *testing.B) {
			s, data := bench(b).Source(prng.Policy{Name: "bench"}), make([]byte, add.size)
			b.SetBytes(int64(add.size))
			b.ReportAllocs()
			for b.Loop() {
				s.Add(data, add.bits)
			}
		})
	}
}
