package sources

import (
	"context"
	"testing"
	"time"

	"prngd/gatherers"
	"prngd/internal/config"
	"prngd/internal/prng"
)

// What the lines of prngd.conf count for: a command only with credit-commands, and a
// file only in the first program of a process.
func TestCreditOfLines(t *testing.T) {
	next := Settings{
		Gatherers: []config.GathererLine{{Name: "cpu", Off: true}, {Name: "mem", Every: time.Hour}},
		Sources: []config.Source{
			{Kind: "file", Target: "/nonexistent/noise", Credit: 0.5},
			{Kind: "dev", Target: "/nonexistent/device", Credit: 0.75},
		},
		Commands: []config.Command{
			{Path: "/bin/date", Argv: []string{"date"}, Rate: 0.25},
			{Path: "/bin/date", Argv: []string{"date"}, Rate: 0.25},
		},
	}
	for _, row := range []struct {
		before        *State
		commands      bool
		file, command gatherers.Credit
	}{{nil, false, 0.5, 0}, {nil, true, 0.5, 0.25}, {new(State), false, 0, 0}, {new(State), true, 0, 0.25}} {
		s := New(Options{Log: quiet(), Before: row.before})
		next.CreditCommands = row.commands
		commit(t, s, next)
		credits := map[string]gatherers.Credit{}
		for _, g := range s.List() {
			credits[g.Name] = g.Credit
		}
		if f, c := credits["file:/nonexistent/noise"], credits["command:/bin/date"]; f != row.file || c != row.command {
			t.Errorf("after an upgrade %v, credit-commands %v: file %v, command %v", row.before != nil, row.commands, f, c)
		}
		if again, named := credits["command:/bin/date #2"]; !named || again != 0 {
			t.Errorf("the same command again: %v, %v", named, again)
		}
		_, off := credits["cpu"]
		if dev := credits["dev:/nonexistent/device"]; off || credits["mem"] != 0 || dev != 0.75 {
			t.Errorf("cpu %v, mem %v, device %v", off, credits["mem"], dev)
		}
	}
}

// The first sample of the kernel counts for what it is, once, and not at all where
// the kernel does not say that it is seeded; nothing of it stays.
func TestSampleKernel(t *testing.T) {
	for want, why := range map[uint64]error{512: nil, 0: gatherers.Uncredited("not seeded")} {
		data := make([]byte, 64)
		data[63] = 1
		s := fed(t, Options{Log: quiet()}, gatherers.Gatherer{Name: "kernel", Credit: 8, Tested: true,
			Gather: func(context.Context) ([]byte, error) { return data, why }})
		s.SampleKernel()
		st := s.generator.Stats()
		bits := uint64(0)
		for _, source := range st.Sources {
			bits += source.CreditedBits
		}
		if bits != want || (st.State == prng.Seeded) != (want > 0) || data[63] != 0 {
			t.Errorf("error %v: %d bits, %v, %d left", why, bits, st.State, data[63])
		}
	}
}

func commit(t *testing.T, s *Sources, next Settings) {
	t.Helper()
	c, err := s.Prepare(next)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
}
