package prng_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"prngd/internal/prng"
)

// pair is a pool and the model of it, told the same.
type pair struct {
	t       testing.TB
	w       *world
	twin    *world // the model's kernel, so that both are asked equally often
	pool    *prng.Generator
	model   *model
	sources []*prng.Source
}

func newPair(t testing.TB) *pair {
	w, twin := &world{real: 1700000000e9, mono: 5e9}, &world{}
	p := newPool(t, w)
	q := &pair{t: t, w: w, twin: twin, pool: p, model: newModel()}
	for _, pol := range []prng.Policy{
		{Name: "own", Independent: true},
		{Name: "untrusted", Untrusted: true},
		{Name: "limited", Untrusted: true, FirstSeedLimit: 256, Independent: true},
		{Name: "other"},
	} {
		q.sources = append(q.sources, p.Source(pol))
		q.model.sources = append(q.model.sources, &modelSource{untrusted: pol.Untrusted, independent: pol.Independent, limit: pol.FirstSeedLimit})
	}
	return q
}

func newPool(t testing.TB, w *world) *prng.Generator {
	t.Helper()
	p, err := prng.New(prng.Env{Clocks: w.clocks, Kernel: w.fill, PersonalizationString: []byte(personal)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	w.asked = 0 // by New, whether there is a kernel
	return p
}

func (q *pair) add(source int, data []byte, bits int, older uint64) {
	q.t.Helper()
	ticket := q.pool.Ticket()
	ticket -= min(older, ticket)
	q.twin.kernel = q.w.kernel
	got := q.sources[source].AddSampled(data, bits, ticket)
	want := q.model.add(source, data, bits, ticket, q.w.real, q.w.mono, q.twin.fill)
	if got != want {
		q.t.Fatalf("Add(%d bytes, %d bits) credited %d, expected %d", len(data), bits, got, want)
	}
}

func (q *pair) generate(n int) {
	q.t.Helper()
	got := make([]byte, n)
	q.twin.kernel = q.w.kernel
	want := q.model.generate(n, q.twin.fill, q.w.real, q.w.mono)
	if ok := q.pool.Generate(got); ok != (want != nil) {
		q.t.Fatalf("Generate: %v, expected %v", ok, want != nil)
	} else if ok && !bytes.Equal(got, want) {
		q.t.Fatalf("Generate(%d) = %x, expected %x", n, got, want)
	}
	if q.w.asked != q.twin.asked {
		q.t.Fatalf("the kernel was asked %d times, expected %d", q.w.asked, q.twin.asked)
	}
}

func (q *pair) compare() {
	q.t.Helper()
	st := q.pool.Stats()
	got := fmt.Sprintln(st.State, st.PoolBits, st.EntropyInputBits, st.IndependentBits, st.Reseeds, st.Stirs, st.Generates, st.ReseedRequested, st.Unsettled)
	if want := q.model.figures(); got != want {
		q.t.Fatalf("state, bits, collected, noise, reseeds, stirs, generates, requested, unsettled: %s, expected %s", got, want)
	}
}

// step reads one operation of four bytes.
func (q *pair) step(op []byte) {
	arg := int(binary.BigEndian.Uint16(op[1:]))
	switch op[0] % 9 {
	case 0, 1, 2:
		sum := sha256.Sum256(op)
		size := []int{arg % 600, arg % 40, 32 + arg%481, arg * 2 % 20000}[op[3]%4]
		data := bytes.Repeat(sum[:], size/32+1)[:size]
		bits := []int{0, arg % 300, 8 * size, 1 << 20, -arg}[op[3]/4%5]
		q.add(int(op[3]/32%4), data, bits, uint64(op[3]/128)*uint64(arg%3))
	case 3:
		q.generate(arg % 300)
	case 4:
		q.w.advance(int64(arg) * 1e6)
	case 5:
		q.w.kernel = arg%2 == 0
		q.w.advance(int64(arg) * 1e7)
	case 6:
		e := prng.Event(1 + arg%4)
		q.pool.Hold(e)
		q.model.hold(e)
	case 7:
		q.twin.kernel = q.w.kernel
		_, ticket := q.pool.Held()
		q.pool.Release(ticket - uint64(arg%8/7)) // now and then that of another hold
		if arg%8 != 7 {
			q.model.release(q.w.real, q.w.mono, q.twin.fill)
		}
	case 8:
		q.pool.RequestReseed()
		q.model.request()
	}
	q.compare()
}

// FuzzPool: whatever happens in whatever order, pool and model agree on every
// byte and every figure.
func FuzzPool(f *testing.F) {
	for i := range byte(24) {
		var ops []byte
		for n := range uint16(100) {
			sum := sha256.Sum256([]byte{i, byte(n), byte(n >> 8)})
			ops = append(ops, sum[:4]...)
		}
		f.Add(ops)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		q := newPair(t)
		for ; len(ops) >= 4; ops = ops[4:] {
			q.step(ops)
		}
		q.generate(64)
		q.pool.Close()
	})
}

// A long life in order: the schedule through 2^8 | n, with everything in between.
func TestScheduleAgainstModel(t *testing.T) {
	q := newPair(t)
	q.add(0, bytes.Repeat([]byte{7}, 64), 512, 0)
	for i := range 300 {
		for range 64 {
			q.add(3, fmt.Append(nil, "sample ", i), 0, 0)
		}
		q.add(3, bytes.Repeat([]byte{byte(i)}, 64*32), 1, 0)
		q.w.advance(100e6)
		q.generate(1 + i)
		q.compare()
	}
	if q.model.n < 256 {
		t.Fatalf("only %d schedules", q.model.n)
	}
}
