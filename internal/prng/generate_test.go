package prng_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"

	"prngd/internal/prng"
)

// Status says whether there is a kernel's generator before anything was given.
func TestKernelBeforeOutput(t *testing.T) {
	for _, there := range []bool{false, true} {
		if st := newPool(t, &world{kernel: there}).Stats(); st.Kernel != there {
			t.Errorf("there is one: %v, Stats says %v", there, st.Kernel)
		}
	}
}

// An absent kernel is asked once a minute, a present one always.
func TestKernelProbes(t *testing.T) {
	w := &world{}
	p, _ := openPool(t, w)
	asked := func(advance int64) int {
		w.advance(advance)
		before := w.asked
		p.Generate(make([]byte, 1))
		return w.asked - before
	}
	if asked(0) != 1 || asked(0) != 0 || asked(60e9-1) != 0 || asked(1) != 1 || p.Stats().Kernel {
		t.Fatal("an absent kernel is not asked every 60 s")
	}
	w.kernel = true
	if asked(60e9) != 1 || asked(0) != 1 || asked(1) != 1 || !p.Stats().Kernel {
		t.Fatal("a present kernel is not asked every time")
	}
	w.kernel = false
	if asked(0) != 1 || asked(0) != 0 || p.Stats().Kernel {
		t.Fatal("a kernel that went away is asked again at once")
	}
}

func TestDigest(t *testing.T) {
	p := newPool(t, &world{})
	own := p.Source(prng.Policy{Name: "own"})
	seen := make(map[[32]byte]string)
	check := func(what, context string) {
		var a, b [32]byte
		p.Digest(&a, []byte(context))
		p.Digest(&b, []byte(context))
		if was, twice := seen[a]; twice || a != b {
			t.Errorf("%s: same as %q, or not repeatable", what, was)
		}
		seen[a] = what
	}
	check("empty", "")
	check("empty with context", "c")
	for _, pool := range []string{"first", "second", "third"} {
		own.Add(sample(40), 0)
		check("a sample in the "+pool+" pool", "c")
	}
	own.Add(sample(64), 512)
	check("seeded", "c")
	p.Generate(make([]byte, 1))
	check("after output", "c")
}

// A fixed world gives these bytes, for ever: a change here is a change of the generator.
func TestTranscript(t *testing.T) {
	w := &world{real: 1700000000e9, mono: 1e9, kernel: true}
	p := newPool(t, w)
	p.Source(prng.Policy{Name: "seedfile", Untrusted: true}).Add(sample(512), 0)
	p.Source(prng.Policy{Name: "jitter"}).Add(sample(100000), 512)
	p.Source(prng.Policy{Name: "kernel"}).Add(sample(64), 512)
	got := ""
	out := make([]byte, 16)
	for range 3 {
		p.Generate(out)
		got += hex.EncodeToString(out) + "\n"
		w.advance(1e9)
		p.Source(prng.Policy{Name: "jitter"}).Add(sample(100000), 512)
	}
	const want = "ebb45c74c8852377b282716820a7c94d\n" +
		"908600982ab1869d2293fbca6e108925\n" +
		"67aba210a5d716ebf2fc1ee38c48e5fb\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if st := p.Stats(); st.Stirs != 0 || st.Reseeds != 3 {
		t.Errorf("%d stirs, %d reseeds", st.Stirs, st.Reseeds)
	}
}

func TestNoAllocations(t *testing.T) {
	w := &world{kernel: true}
	p, own := openPool(t, w)
	var digest [32]byte
	dst, context := make([]byte, 4096), sample(512)
	for name, f := range map[string]func(){
		"Generate 32":         func() { p.Generate(dst[:32]) },
		"Generate 4096":       func() { p.Generate(dst) },
		"stir":                func() { w.advance(1e9); own.Add(dst, 0); p.Generate(dst[:1]) },
		"Add 64, 512 bits":    func() { own.Add(dst[:64], 512) },
		"Add 9, 9 bits":       func() { own.Add(dst[:9], 9) },
		"Add 4096":            func() { own.Add(dst, 0) },
		"reseed":              func() { w.advance(1e9); own.Add(dst[:64], 512) },
		"Digest":              func() { p.Digest(&digest, context) },
		"State":               func() { _ = p.State() },
		"Generate, no kernel": func() { w.kernel = false; p.Generate(dst[:32]) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 && !raceDetector {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// For the race detector.
func TestConcurrent(t *testing.T) {
	w := &world{kernel: false}
	p, own := openPool(t, w)
	var wg sync.WaitGroup
	for _, f := range []func(){
		func() { own.Add(sample(64), 512) },
		func() { own.Add(sample(9000), 0) },
		func() { p.Generate(make([]byte, 100)) },
		func() { p.Hold(prng.Jumped); p.Release(p.Ticket()) },
		func() { p.Stats(); p.RequestReseed(); p.State() },
		func() { p.Source(prng.Policy{Name: "new"}).Add(nil, 0); p.Changed() },
		func() { var d [32]byte; p.Digest(&d, nil) },
	} {
		wg.Go(func() {
			for range 100 {
				f()
			}
		})
	}
	wg.Wait()
	p.Source(prng.Policy{Name: "kernel"}).Add(sample(64), 512)
	p.Release(p.Ticket())
	if !p.Generate(make([]byte, 1)) {
		t.Fatal("not open at the end")
	}
}

// SP 800-90A, table 2: no request is for more than 2^16 bytes.
func TestTooManyBytesAtOnce(t *testing.T) {
	p, _ := openPool(t, &world{})
	b := make([]byte, prng.MaxBytesPerRequest+1)
	if !p.Generate(b[1:]) {
		t.Error("as many as table 2 allows were not generated")
	}
	clear(b)
	defer func() {
		if recover() == nil || !bytes.Equal(b, make([]byte, len(b))) {
			t.Error("one byte more than that was no error of the caller")
		}
	}()
	p.Generate(b)
}

// The program that follows goes on with every count of the one before it.
func TestCountsGoOn(t *testing.T) {
	before, _ := openPool(t, &world{})
	for range 3 {
		before.Generate(make([]byte, 10))
	}
	before.Source(prng.Policy{Name: "own"}).Add(sample(40), 0)
	was := before.Stats()
	after := newPool(t, &world{})
	after.Source(prng.Policy{Name: "handover"}).Add(sample(64), 512)
	mine := after.Stats()
	after.Continue(before.HandOver())
	is := after.Stats()
	if is.Generates != was.Generates+mine.Generates || is.Bytes != was.Bytes+mine.Bytes || is.Reseeds != was.Reseeds+mine.Reseeds {
		t.Errorf("%+v goes on as %+v", was, is)
	}
	counted := func(st prng.Stats) map[string]int {
		m := map[string]int{}
		for _, s := range st.Sources {
			if s.FirstSeedBits > 0 {
				m[s.Name] = s.FirstSeedBits
			}
		}
		return m
	}
	if got, want := counted(is), counted(was); !maps.Equal(got, want) {
		t.Errorf("the first seed is told to be of %v, it was of %v", got, want)
	}
}

// G13: an event that no independent noise has answered yet stays unsettled over an
// upgrade, until that noise has come; what was handed over may be a twin's as well.
func TestUnsettledGoesOn(t *testing.T) {
	for _, e := range []prng.Event{prng.NoEvent, prng.Requested, prng.Jumped, prng.Cloned} {
		before, own := openPool(t, &world{})
		if e != prng.NoEvent {
			before.Hold(e)
			own.Add(sample(64), 512)
			if _, ticket := before.Held(); !before.Release(ticket) {
				t.Fatalf("%v is not released", e)
			}
		}
		after, _ := openPool(t, &world{})
		after.Continue(before.HandOver())
		if st := after.Stats(); st.Unsettled != e || st.State != prng.Seeded || after.Wanted() != (e != prng.NoEvent) {
			t.Errorf("%v unsettled goes on as %v, %v", e, st.Unsettled, st.State)
		}
		reseeds := after.Stats().Reseeds
		after.Source(prng.Policy{Name: "noise", Independent: true}).Add(sample(64), 512)
		st := after.Stats()
		if after.Wanted() || st.Unsettled != prng.NoEvent || st.Reseeds-reseeds != min(1, uint64(e)) {
			t.Errorf("%v: after noise %v is unsettled, %d reseeds", e, st.Unsettled, st.Reseeds-reseeds)
		}
	}
}

// An event that the next program has noticed itself goes on holding replies, with
// the gravest of both.
func TestUnsettledBesideAHold(t *testing.T) {
	before, own := openPool(t, &world{})
	before.Hold(prng.Cloned)
	own.Add(sample(64), 512)
	_, ticket := before.Held()
	before.Release(ticket)
	after, _ := openPool(t, &world{})
	after.Hold(prng.Jumped)
	after.Continue(before.HandOver())
	if e, _ := after.Held(); e != prng.Cloned || after.Generate(make([]byte, 8)) || after.Stats().Unsettled != prng.NoEvent {
		t.Errorf("%v holds, %v", e, after.State())
	}
	after.Continue(prng.Counts{Unsettled: prng.Jumped})
	if e, _ := after.Held(); e != prng.Cloned {
		t.Errorf("%v holds after a jump behind a clone", e)
	}
}

// The generator knows its own output again, wherever 31 bytes of it stand, from the
// moment on that it is told to remember, and no other bytes.
func TestGave(t *testing.T) {
	g, _ := openPool(t, &world{})
	early, output := make([]byte, 64), make([]byte, 48)
	g.Generate(early)
	g.RememberOutput()
	g.Generate(output)
	for _, row := range []struct {
		what string
		data []byte
		want bool
	}{
		{"all", output, true},
		{"31 bytes from the first on", output[:31], true},
		{"31 bytes from the second on", output[1:32], true},
		{"the last 16 bytes", output[32:], true},
		{"31 bytes behind others", slices.Concat(sample(7), output[5:36]), true},
		{"15 bytes", output[:15], false},
		{"no block", output[1:31], false},
		{"from before", early, false},
		{"other bytes", sample(64), false},
	} {
		if got := g.Gave(row.data); got != row.want {
			t.Errorf("%s: %v", row.what, got)
		}
	}
}

// G26: output that a relay gives back after an upgrade is known again; a program that
// remembers nothing hands nothing over.
func TestGaveGoesOn(t *testing.T) {
	for _, remembers := range []bool{false, true} {
		before, _ := openPool(t, &world{})
		if remembers {
			before.RememberOutput()
		}
		output := make([]byte, 48)
		before.Generate(output)
		text, err := json.Marshal(before.HandOver())
		if err != nil {
			t.Fatal(err)
		}
		var counts prng.Counts
		if err := json.Unmarshal(text, &counts); err != nil {
			t.Fatal(err)
		}
		if !remembers && counts.Given != nil {
			t.Errorf("%d bytes are handed over", len(counts.Given))
		}
		after, _ := openPool(t, &world{real: 1})
		after.Continue(counts)
		after.RememberOutput()
		if after.Gave(output) != remembers || after.Gave(sample(64)) {
			t.Errorf("remembered before: %v, known again: %v", remembers, after.Gave(output))
		}
	}
}
