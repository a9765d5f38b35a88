package sources

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/internal/control"
	"prngd/internal/prng"
)

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// fixed returns a gatherer of n credited bytes that differ from call to call.
func fixed(name string, n int) gatherers.Gatherer {
	calls := byte(0)
	return gatherers.Gatherer{
		Name: name, Every: time.Hour, Credit: 8, Tested: true,
		Gather: func(context.Context) ([]byte, error) {
			calls++
			b := make([]byte, n)
			b[0] = calls
			return b, nil
		},
	}
}

// fed returns sources that have sampled every gatherer of list once.
func fed(t *testing.T, o Options, list ...gatherers.Gatherer) *Sources {
	t.Helper()
	s := New(o)
	s.list = list
	g, err := prng.New(prng.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	s.Attach(g)
	return s
}

// Counters of the sources go on over an upgrade where they are kept, and so does
// the sources of the first seed.
func TestCountersContinue(t *testing.T) {
	run := func(s *Sources) control.Report {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.feed(ctx); close(done) }()
		for changed := s.generator.Changed(); s.generator.State() != prng.Seeded; changed = s.generator.Changed() {
			<-changed
		}
		cancel()
		<-done
		var r control.Report
		s.Report(&r)
		return r
	}
	first := fed(t, Options{Log: quiet()}, fixed("a", 64))
	before := run(first)
	text, err := json.Marshal(first.HandOver())
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	second := fed(t, Options{Log: quiet(), Before: &state}, fixed("a", 64))
	second.generator.Source(prng.Policy{Name: "handover", Untrusted: true}).Add(make([]byte, 64), 512)
	second.generator.Continue(first.generator.HandOver())
	after := run(second)
	if a, b := after.Sources[0], before.Sources[0]; a.Name != "a" || a.Samples != b.Samples || a.Bits != b.Bits || b.Bits == 0 {
		t.Errorf("before %+v\nafter  %+v", b, a)
	}
	st := second.generator.Stats()
	for _, s := range st.Sources {
		if s.Name == "handover" && s.FirstSeedBits != 0 {
			t.Errorf("the handover counts as what seeded: %+v", s)
		}
	}
	if !st.OpenedAt.Equal(first.generator.Stats().OpenedAt) {
		t.Errorf("seeded at %v, and after the upgrade at %v", first.generator.Stats().OpenedAt, st.OpenedAt)
	}
}
