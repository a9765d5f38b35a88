package daemon

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/credit"
	"prngd/internal/prng"
	"prngd/internal/sources"
	"prngd/seedfile"
)

// G12: an event that is noticed no sooner than the secret of an upgrade is drawn
// refuses the upgrade. The next program would count 512 bits for 64 zeros, and hold
// no reply.
func TestSecretOfAnUpgrade(t *testing.T) {
	event := prng.NoEvent
	g, err := prng.New(prng.Env{Event: func(int64, int64) prng.Event { e := event; event = prng.NoEvent; return e }})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	output := func() []byte {
		t.Helper()
		secret, err := secretFor(g)
		if err != nil || bytes.Count(secret[credit.HandoverOutput:], []byte{0}) == 32 {
			t.Fatalf("%x, %v", secret, err)
		}
		return secret[:credit.HandoverOutput]
	}
	zeros := make([]byte, credit.HandoverOutput)
	if b := output(); !bytes.Equal(b, zeros) {
		t.Errorf("output of an unseeded generator: %x", b)
	}
	g.Source(prng.Policy{Name: "kernel"}).Add(make([]byte, 64), 512)
	if b := output(); bytes.Equal(b, zeros) {
		t.Error("no output of a seeded generator")
	}
	event = prng.Cloned
	if secret, err := secretFor(g); !change.IsLater(err) || secret != nil {
		t.Errorf("a clone is noticed: %x, %v", secret, err)
	}
}

// What the next program begins with counts if this one was seeded, and not otherwise;
// a preflight takes nothing of it.
func TestGeneratorGoesOn(t *testing.T) {
	for _, row := range []struct{ seeded, preflight bool }{{true, false}, {false, false}, {true, true}} {
		before, after := newGenerator(t), newGenerator(t)
		if row.seeded {
			before.Source(prng.Policy{Name: "kernel"}).Add(make([]byte, 64), 512)
		}
		s := newState()
		s.preflight = row.preflight
		if err := (&generatorPart{Generator: before}).handOver(s); err != nil {
			t.Fatal(err)
		}
		var err error
		if s.secret, err = secretFor(before); err != nil {
			t.Fatal(err)
		}
		if err := (&generatorPart{Generator: after}).adopt(s); err != nil {
			t.Fatal(err)
		}
		st := after.Stats()
		if seeded := st.State == prng.Seeded; seeded != (row.seeded && !row.preflight) || row.preflight != (len(st.Sources) == 0) {
			t.Errorf("%+v: %v, sources %+v", row, st.State, st.Sources)
		}
	}
}

// The daemon's generator asks its sources for events: here for a jump of the clocks
// during an upgrade.
func TestGeneratorAsksForEvents(t *testing.T) {
	sink, err := onStderr()
	if err != nil {
		t.Fatal(err)
	}
	for started, want := range map[int64]prng.State{0: prng.Seeded, 1: prng.ReseedRequired} {
		d, err := build(origin{Owner: os.Getuid(), Foreground: true}, &config.Settings{}, sink)
		if err != nil {
			t.Fatal(err)
		}
		defer d.generator.Close()
		s := newState()
		if err := s.put("sources", sources.State{Real: started, Mono: started}); err != nil {
			t.Fatal(err)
		}
		if err := d.own.sources.adopt(s); err != nil {
			t.Fatal(err)
		}
		credit.Adopt(d.generator, make([]byte, credit.HandoverSize), true)
		if state := d.generator.State(); state != want {
			t.Errorf("clocks at %d before: %v, expected %v", started, state, want)
		}
	}
}

func newGenerator(t *testing.T) *prng.Generator {
	t.Helper()
	g, err := prng.New(prng.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// What others left in an exchange file is mixed and counts for nothing.
func TestExchangeCountsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prng_exch")
	if err := os.WriteFile(path, bytes.Repeat([]byte{0x81}, seedfile.ExchangeSize), 0o600); err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	p := &exchange{log: log, generator: newGenerator(t)}
	x := exchangeFile{line: config.Exchange{Path: path}}
	var err error
	if x.file, err = seedfile.OpenExchange(path, os.Getuid()); err != nil {
		t.Fatal(err)
	}
	defer x.file.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	p.keep(ended, x)
	st := p.generator.Stats()
	if len(st.Sources) != 1 || st.Sources[0].Bytes != seedfile.ExchangeSize || st.Sources[0].CreditedBits != 0 || st.FirstSeedBits != 0 {
		t.Errorf("%+v", st.Sources)
	}
}
