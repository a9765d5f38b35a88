package prng_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"testing"

	"prngd/internal/prng"
)

// nobodys is how user nobody's writes reach the pool.
var nobodys = prng.Policy{Name: "client", Untrusted: true}

// life is a pool in a world of its own. Two of them that are told the same give
// the same bytes: what they differ by is what the one was told and the other not.
type life struct {
	w       *world
	p       *prng.Generator
	own     *prng.Source
	writer  *prng.Source
	written bool   // something is in the pools that is not in the other's
	mixed   bool   // and has reached the generator
	marks   uint64 // seeds, reseeds and stirs so far
}

func newLife(t testing.TB, writer prng.Policy) *life {
	w := &world{real: 1700000000e9, mono: 5e9}
	p := newPool(t, w)
	return &life{w: w, p: p, own: p.Source(prng.Policy{Name: "own"}), writer: p.Source(writer)}
}

// step is one thing that happens to both lives: 4 bytes say what.
func (l *life) step(op []byte) (out []byte) {
	arg := int(binary.BigEndian.Uint16(op[1:]))
	switch op[0] % 4 {
	case 0:
		l.own.Add(bytes.Repeat(op, arg%300), 0)
	case 1:
		l.own.Add(bytes.Repeat(op, 8+arg%32), arg%300)
	case 2:
		l.w.advance(int64(arg) * 1e6)
	case 3:
		out = make([]byte, 32+arg%100)
		if !l.p.Generate(out) {
			out = nil
		}
	}
	st := l.p.Stats()
	marks := st.Stirs + st.Reseeds
	if st.State == prng.Seeded {
		marks++ // the first seed
	}
	l.mixed = l.mixed || l.written && marks != l.marks
	l.marks = marks
	return out
}

// write is nobody's. One of no bytes is none.
func (l *life) write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if got := l.writer.Add(data, 0); got != 0 {
		return fmt.Errorf("a write was credited %d bits", got)
	}
	l.written = true
	return nil
}

// figures is all that an estimate, a schedule or the level rests on.
func (l *life) figures() string {
	st := l.p.Stats()
	return fmt.Sprintln(st.State, st.FirstSeedBits, st.PoolBits, st.EntropyInputBits, st.Reseeds, st.Stirs, st.Generates, st.ReseedRequested,
		st.OpenedAt, st.Sources[0].CreditedBits, st.Sources[1].CreditedBits)
}

// differ plays ops to a life with writes and to one without, and says what the
// writes changed that they must not: any figure; any byte of output before our
// own gatherers had the generator stirred; afterwards, no byte of it.
func differ(t testing.TB, writer prng.Policy, ops []byte, data func(i int) []byte) error {
	with, without := newLife(t, writer), newLife(t, writer)
	for i := 0; len(ops) >= 4; i, ops = i+1, ops[4:] {
		if ops[3]%2 == 0 {
			if err := with.write(data(i)); err != nil {
				return err
			}
		}
		a, b := with.step(ops[:4]), without.step(ops[:4])
		if x, y := with.figures(), without.figures(); x != y {
			return fmt.Errorf("step %d: with writes %swithout %s", i, x, y)
		}
		if same := bytes.Equal(a, b); a != nil && same == with.mixed {
			return fmt.Errorf("step %d: output is the same: %v; writes have reached the generator: %v", i, same, with.mixed)
		}
	}
	return nil
}

// FuzzNobody: writes of user nobody, at any time, change nothing but output bytes,
// which that user cannot foresee.
func FuzzNobody(f *testing.F) {
	var life []byte
	for i := range byte(100) {
		life = append(life, i, i, i*7, i/3)
	}
	f.Add(life, []byte("chosen"))
	f.Add(bytes.Repeat([]byte{1, 1, 43, 0, 0, 200, 200, 0, 2, 0, 200, 0, 3, 0, 9, 0}, 20), []byte{})
	f.Fuzz(func(t *testing.T, ops, data []byte) {
		err := differ(t, nobodys, ops[:min(len(ops), 400)], func(i int) []byte { return data[min(i, len(data)):] })
		if err != nil {
			t.Fatal(err)
		}
	})
}

// What FuzzNobody looks for it would find: a write that may trigger a stir, and
// one that is not there at all.
func TestFuzzNobodySees(t *testing.T) {
	ops := bytes.Repeat([]byte{1, 1, 43, 0, 2, 0, 200, 0, 3, 0, 9, 0}, 20)
	long := func(int) []byte { return make([]byte, 64) }
	if err := differ(t, nobodys, ops, long); err != nil {
		t.Fatal(err)
	}
	if differ(t, prng.Policy{Name: "client"}, ops, long) == nil {
		t.Error("writes that trigger stirs are not noticed")
	}
	if differ(t, prng.Policy{Name: "client", Untrusted: true}, ops, func(int) []byte { return nil }) != nil {
		t.Error("writes of nothing change something")
	}
}

// steer returns the output after these writes into a pool of which their author
// knows everything: its state is a constant.
func steer(t *testing.T, writes ...[]byte) []byte {
	l := newLife(t, nobodys)
	l.own.Add(bytes.Repeat([]byte{7}, 64), 512)
	for _, data := range writes {
		l.writer.Add(data, 0)
	}
	l.own.Add(bytes.Repeat([]byte{8}, 64*32), 32*8) // fills reserve and P0
	l.w.advance(1e9)
	out := make([]byte, 32)
	if !l.p.Generate(out) {
		t.Fatal("shut")
	}
	return out
}

// An attacker that knows the whole state can choose no bit of the output: among 1,000
// chosen inputs, alike as can be, no two outputs are, none is that of no input,
// and every bit is set about half the time.
func TestChosenInputSteersNothing(t *testing.T) {
	const inputs = 1000
	seen := map[string]int{string(steer(t)): -1}
	var set [256]int
	last := steer(t)
	for i := range inputs {
		data := make([]byte, 8)
		binary.BigEndian.PutUint32(data, uint32(i))
		if i%2 == 1 {
			data = last // what the attacker has just seen, to cancel it
		}
		out := steer(t, data)
		if was, twice := seen[string(out)]; twice {
			t.Fatalf("input %d gives the output of %d", i, was)
		}
		seen[string(out)] = i
		distance := 0
		for j, b := range out {
			distance += bits.OnesCount8(b ^ last[j])
			for k := range 8 {
				set[8*j+k] += int(b >> k & 1)
			}
		}
		if distance < 128-56 || distance > 128+56 { // 7 standard deviations of 256 coins
			t.Errorf("input %d: %d of 256 bits differ from the last output", i, distance)
		}
		last = out
	}
	for i, n := range set {
		if n < inputs/2-112 || n > inputs/2+112 { // 7 of 1000 coins
			t.Errorf("bit %d is set after %d of %d inputs", i, n, inputs)
		}
	}
}
