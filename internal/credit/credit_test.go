package credit

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"

	"prngd/gatherers"
	"prngd/internal/peercred"
	"prngd/internal/prng"
	"prngd/seedfile"
)

// G19: the kernel's generator under another name is no independent noise, nor, on Linux, a
// device that cannot be looked at.
func TestKernelUnderAnotherName(t *testing.T) {
	if p := Gatherer(&gatherers.Gatherer{Name: "dev:/dev/null/hwrng"}); p.Independent == (runtime.GOOS == "linux") {
		t.Errorf("a device that cannot be looked at: independent %v", p.Independent)
	}
	for target, want := range map[string]bool{"/dev/urandom": false, "/dev/random": false, "/dev/null": true} {
		link := filepath.Join(t.TempDir(), "hwrng")
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if p := Gatherer(&gatherers.Gatherer{Name: "dev:" + link}); p.Independent != want {
			t.Errorf("%s by another name: independent %v", target, p.Independent)
		}
	}
}

// Which sources count, and for how much at most before the first seed.
func TestPolicies(t *testing.T) {
	for name, row := range map[string]struct{ got, want prng.Policy }{
		"own gatherer":   {Gatherer(&gatherers.Gatherer{Name: "cpu"}), prng.Policy{Name: "cpu"}},
		"jitter":         {Gatherer(&gatherers.Gatherer{Name: "jitter"}), prng.Policy{Name: "jitter", Independent: true}},
		"kernel":         {Gatherer(&gatherers.Gatherer{Name: "kernel"}), prng.Policy{Name: "kernel"}},
		"device":         {Gatherer(&gatherers.Gatherer{Name: "dev:/dev/null", Untrusted: true}), prng.Policy{Name: "dev:/dev/null", Untrusted: true, FirstSeedLimit: 256, Independent: true}},
		"kernel, device": {Gatherer(&gatherers.Gatherer{Name: "dev:/dev/urandom"}), prng.Policy{Name: "dev:/dev/urandom"}},
		"kernel, random": {Gatherer(&gatherers.Gatherer{Name: "dev:/dev/random"}), prng.Policy{Name: "dev:/dev/random"}},
		"a file":         {Gatherer(&gatherers.Gatherer{Name: "file:/jitter"}), prng.Policy{Name: "file:/jitter"}},
		"upstream":       {Gatherer(&gatherers.Gatherer{Name: "egd:/x", Untrusted: true}), prng.Policy{Name: "egd:/x", Untrusted: true, FirstSeedLimit: 256}},
		"seed file":      {SeedFile(), prng.Policy{Name: "seedfile", Untrusted: true, FirstSeedLimit: 256}},
		"handover":       {Handover(), prng.Policy{Name: "handover", Untrusted: true}},
		"exchange":       {Exchange("/x"), prng.Policy{Name: "exchange:/x", Untrusted: true}},
		"generation":     {Generation(), prng.Policy{Name: "generation", Untrusted: true}},
		"clients":        {Client(false), prng.Policy{Name: "client", Untrusted: true, FirstSeedLimit: 256}},
		"clients, alone": {Client(true), prng.Policy{Name: "client-alone", Untrusted: true}},
	} {
		if !reflect.DeepEqual(row.got, row.want) {
			t.Errorf("%s: %+v, expected %+v", name, row.got, row.want)
		}
	}
}

// G11: what the program before leaves counts if it was seeded, and its pools are
// mixed and count for nothing.
func TestAdopt(t *testing.T) {
	outputs := map[[8]byte]bool{}
	for _, row := range []struct {
		seeded bool
		pools  byte
		bits   uint64
	}{{true, 1, 512}, {true, 2, 512}, {false, 1, 0}} {
		g, err := prng.New(prng.Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		secret := make([]byte, HandoverSize)
		secret[0], secret[HandoverSize-1] = 7, row.pools
		Adopt(g, secret, row.seeded)
		st := g.Stats()
		if s := st.Sources[0]; s.CreditedBits != row.bits || s.Bytes != HandoverSize || (st.State == prng.Seeded) != row.seeded {
			t.Errorf("seeded %v: %+v", row.seeded, s)
		}
		if !reflect.DeepEqual(secret, make([]byte, HandoverSize)) {
			t.Error("the secret is left in memory")
		}
		if !row.seeded {
			g.Source(prng.Policy{Name: "later"}).Add(make([]byte, 64), 512)
		}
		var b [8]byte
		if !g.Generate(b[:]) || outputs[b] {
			t.Errorf("seeded %v, pools %d: same output as another", row.seeded, row.pools)
		}
		outputs[b] = true
	}
}

func TestCommand(t *testing.T) {
	if Command(0.5, true) != 0.5 || Command(0.5, false) != gatherers.None {
		t.Errorf("credit-commands %v, without it %v", Command(0.5, true), Command(0.5, false))
	}
}

func TestFile(t *testing.T) {
	if File(0.5, false) != 0.5 || File(0.5, true) != gatherers.None {
		t.Errorf("once %v, again %v", File(0.5, false), File(0.5, true))
	}
}

// Everything that a line names must match.
func TestWriters(t *testing.T) {
	for _, row := range []struct {
		writers Writers
		uid     int
		gid     int
		want    bool
	}{
		{nil, 0, 0, false},
		{Writers{{UID: 0, GID: -1}}, 5, 9, false},
		{Writers{{UID: -1, GID: 0}}, 5, 9, false},
		{Writers{{UID: 5, GID: -1}}, 5, 9, true},
		{Writers{{UID: 5, GID: -1}}, 6, 9, false},
		{Writers{{UID: -1, GID: 9}}, 6, 9, true},
		{Writers{{UID: -1, GID: 9}}, 9, 6, false},
		{Writers{{UID: 5, GID: 9}}, 5, 8, false},
		{Writers{{UID: 5, GID: 9}}, 6, 9, false},
		{Writers{{UID: 5, GID: 9}}, 5, 9, true},
		{Writers{{UID: 1, GID: 1}, {UID: 5, GID: 9}}, 5, 9, true},
		{Writers{{UID: 1, GID: 1}, {UID: 5, GID: 9}}, 1, 9, false},
	} {
		if got := row.writers.Counts(peercred.Cred{UID: row.uid, GID: row.gid}); got != row.want {
			t.Errorf("%+v, uid %d gid %d: %v", row.writers, row.uid, row.gid, got)
		}
	}
}

// G14: alone is a word of one line, and gives nothing to the peers of the others.
func TestWritersAlone(t *testing.T) {
	two := Writers{{UID: 1, GID: -1}, {UID: 2, GID: -1, Alone: true}}
	for _, row := range []struct {
		writers Writers
		uid     int
		want    bool
	}{
		{nil, 0, false},
		{two, 1, false},
		{two, 2, true},
		{two, 3, false},
		{Writers{{UID: 1, GID: 9}, {UID: -1, GID: 9, Alone: true}}, 1, true},
		{Writers{{UID: 1, GID: 8, Alone: true}, {UID: 1, GID: 9}}, 1, false},
	} {
		if got := row.writers.Alone(peercred.Cred{UID: row.uid, GID: 9}); got != row.want {
			t.Errorf("%+v, uid %d: %v", row.writers, row.uid, got)
		}
	}
}

// seed is a seed file that notes what was counted when it was replaced.
type seed struct {
	loaded    seedfile.Loaded
	fails     error
	cloned    bool // while Replace waits for the disk
	generator *prng.Generator

	counted   int // bits of the generator when Replace was called
	successor [64]byte
}

func (s *seed) Load() (seedfile.Loaded, error) { return s.loaded, nil }

func (s *seed) Replace(successor [64]byte) error {
	s.counted, s.successor = s.generator.Stats().FirstSeedBits, successor
	if s.cloned {
		s.generator.Hold(prng.Cloned)
	}
	return s.fails
}

// The old seed counts once, after it was replaced durably, and not otherwise; it
// is mixed in any case, and its successor depends on all that was mixed.
func TestLoadSeed(t *testing.T) {
	old := func(bits int) seedfile.Loaded {
		data := make([]byte, 64)
		data[0] = 1
		return seedfile.Loaded{Data: data, Bits: bits}
	}
	foreign := old(0)
	foreign.Foreign = true
	successors := map[[64]byte]string{}
	for _, row := range []struct {
		name    string
		loaded  seedfile.Loaded
		fails   error
		cloned  bool
		bits    int
		says    bool
		samples uint64
	}{
		{"replaced", old(256), nil, false, 256, false, 2},
		{"not replaced", old(256), errors.New("disk"), false, 0, true, 1},
		{"no credit", old(0), nil, false, 0, false, 1},
		{"foreign", foreign, seedfile.ErrNotReplaced, false, 0, false, 1},
		{"cloned meanwhile", old(256), nil, true, 0, false, 2}, // G9
	} {
		g, err := prng.New(prng.Env{})
		if err != nil {
			t.Fatal(err)
		}
		f := &seed{loaded: row.loaded, fails: row.fails, cloned: row.cloned, generator: g}
		_, _, replaceErr := LoadSeed(g, f, 1)
		st := g.Stats()
		if st.FirstSeedBits != row.bits || f.counted != 0 || (replaceErr != nil) != row.says {
			t.Errorf("%s: %d bits, %d of them before Replace, error %v", row.name, st.FirstSeedBits, f.counted, replaceErr)
		}
		if s := st.Sources[0]; s.Samples != row.samples || s.CreditedBits != uint64(row.bits) {
			t.Errorf("%s: %+v", row.name, s)
		}
		if f.loaded.Data[0] != 0 {
			t.Errorf("%s: the old seed is left in memory", row.name)
		}
		successors[f.successor] = row.name
		g.Close()
	}
	if len(successors) != 1 {
		t.Errorf("equal seeds in equal generators have %d successors", len(successors))
	}
	g, _ := prng.New(prng.Env{})
	defer g.Close()
	g.Source(prng.Policy{Name: "other"}).Add([]byte("something else"), 0)
	f := &seed{loaded: old(256), generator: g}
	LoadSeed(g, f, 1)
	if name, same := successors[f.successor]; same {
		t.Errorf("the successor is that of %q, whatever else was mixed", name)
	}
}
