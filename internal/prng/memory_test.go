//go:build linux && !race

package prng

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"
)

// leaked is where the leaking variants put what they were trusted with.
var leaked any

// After Add and Generate nothing of V, C, the pools or the reply is anywhere in
// writable memory but in guarded pages, and a Generate that leaves something is
// caught. Left out: the race detector, whose shadow would have to be searched
// too, and a garbage collection that stops the goroutine in that microsecond: it
// may spill its registers or move its stack, and nothing portable helps.
func TestMemoryAfterGenerate(t *testing.T) {
	if !undisturbed(t) {
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	wiped := func(p *Generator, dst []byte) { p.Generate(dst) }
	for _, c := range []struct {
		name     string
		generate func(p *Generator, dst []byte)
		leaks    bool
	}{
		{"wiped 32", wiped, false},
		{"wiped 255", wiped, false},
		{"stack not wiped", func(p *Generator, dst []byte) { p.generate(dst) }, true},
		{"V on the heap", func(p *Generator, dst []byte) {
			leaked = bytes.Clone(p.sec.drbg.v()[:9])
			p.Generate(dst)
		}, true},
		{"V as words", func(p *Generator, dst []byte) {
			p.Generate(dst)
			v := p.sec.drbg.v()
			leaked = &[2]uint32{be32(v[11:]), be32(v[15:])}
		}, true},
		{"reply as text", func(p *Generator, dst []byte) {
			p.Generate(dst)
			leaked = string(dst[len(dst)-8:])
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The kernel may interrupt a thread, and the runtime a goroutine, at
			// the one moment when a secret is in a register, and saves it where
			// nobody clears. That is rare; a leak of ours is there every time. Each
			// round has secrets of its own.
			const rounds = 8
			for round := 1; ; round++ {
				hits := leaks(t, fmt.Sprintf("%s, round %d", c.name, round), c.generate)
				if (len(hits) > 0) == c.leaks {
					return
				}
				if c.leaks || round == rounds {
					t.Fatalf("%d windows of secrets found, leaking variant: %v\n%s", len(hits), c.leaks, strings.Join(hits, "\n"))
				}
			}
		})
	}
}

// undisturbed runs the test in a process of its own, and returns true in that
// one: on a busy machine the runtime would stop the goroutine under test by
// signals, and its registers would be found on the signal stack.
func undisturbed(t *testing.T) bool {
	const setting = "asyncpreemptoff=1"
	if os.Getenv("GODEBUG") == setting {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG="+setting)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("without preemption by signals: %v", err)
	}
	return false
}

// leaks runs generate once on a fresh pool and returns where secrets remained.
func leaks(t *testing.T, name string, generate func(*Generator, []byte)) []string {
	size := 255
	if strings.HasPrefix(name, "wiped 32") {
		size = 32
	}
	v := newVictim(t, name, size)
	parked, done := make(chan bool), make(chan bool)
	go func() { // its stack stays as it is while we look
		generate(v.pool, v.dst)
		parked <- true
		<-done
	}()
	<-parked
	defer close(done)
	return v.search()
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// victim is a pool, a reply, and what an attacker would look for, all in secret memory.
type victim struct {
	t     *testing.T
	pool  *Generator
	dst   []byte
	twin  *hashDRBG // the state before, replayed step by step
	table *needles
	chunk []byte
	skip  map[uint64]bool // starts of guarded mappings
}

func newVictim(t *testing.T, seed string, size int) *victim {
	secret := func(n int) []byte {
		r, err := mapRegion(n)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.free() })
		return r.usable[:n]
	}
	p, err := New(Env{Clocks: func() (int64, int64) { return 1, 2 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	p.Source(Policy{Name: seed}).Add(bytes.Repeat([]byte("sample of "+seed), 16)[:64], 512)
	p.Source(Policy{Name: seed}).Add([]byte("and more of "+seed), 9)
	v := &victim{t: t, pool: p, dst: secret(size), chunk: secret(1 << 20)}
	v.twin = (*hashDRBG)(unsafe.Pointer(&secret(int(unsafe.Sizeof(hashDRBG{})))[0]))
	v.table = (*needles)(unsafe.Pointer(&secret(int(unsafe.Sizeof(needles{})))[0]))
	v.skip = make(map[uint64]bool)
	for _, b := range [][]byte{p.region.usable, v.dst, v.chunk, v.twin.buf[:], v.table.bytes()} {
		v.skip[uint64(uintptr(unsafe.Pointer(&b[0])))] = true
	}
	*v.twin = p.sec.drbg
	wipeStack()
	return v
}

// search returns where windows of the secrets are found.
func (v *victim) search() []string {
	cleanly(v.collect)
	var hits []string
	for _, m := range writableMappings(v.t) {
		if !v.skip[m.from] {
			for _, at := range v.table.find(m, v.chunk) {
				hits = append(hits, fmt.Sprintf("%#x in %s", at, m.name))
			}
		}
	}
	return hits
}

// collect replays the Generate on the twin, and checks that it is the same one:
// otherwise the search looks for something that never was.
//
//go:noinline
func (v *victim) collect() {
	d, table := v.twin, v.table
	table.add(d.v()) // V before
	table.add(d.c[1:])
	n := len(appendClocks(appendClocks(d.input(), 1, 2), 0, 0)) - 8 // clocks and a request counter of 0
	d.buf[vAt-1] = 0x02
	w := sum256(d.buf[vAt-1 : inputAt+n])
	d.add(w[:])
	table.add(d.v()) // V + w, which Hashgen runs through
	first, last := v.dst[:32], v.dst[len(v.dst)-31:]
	table.add(first)
	table.add(last)
	table.add(v.pool.sec.drbg.v()) // V after
	for i := range v.pool.sec.acc.pool {
		table.add(v.pool.sec.acc.pool[i][:])
	}
	d.hashgen(v.chunk[:len(v.dst)])
	if !bytes.Equal(v.chunk[:len(v.dst)], v.dst) {
		v.t.Fatal("the replayed reply is another one")
	}
	clear(v.chunk)
}
