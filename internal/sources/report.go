package sources

import (
	"maps"
	"slices"

	"prngd/gatherers"
	"prngd/internal/control"
	"prngd/internal/prng"
)

// Report writes the state of every source to r: the gatherers in the order of the
// settings, then what no gatherer gave (clients, seed file) by name.
func (s *Sources) Report(r *control.Report) {
	r.Generator.Clones, r.Generator.ClockJumps = s.clones.clones.Load(), s.clones.jumps.Load()
	stats := s.generator.Stats()
	r.Generator.Unsettled = causes[stats.Unsettled]
	others := map[string]prng.SourceStats{}
	for _, st := range stats.Sources {
		others[st.Name] = st
	}
	for _, g := range s.runner.Stats() {
		bits := others[g.Name].CreditedBits
		delete(others, g.Name)
		r.Sources = append(r.Sources, control.Source{
			Name: g.Name, State: string(g.State), Every: g.Every.Seconds(), Credit: float64(g.Credit),
			Used: float64(g.Used), Estimate: estimate(g), Dropped: uint64(g.Dropped), Needed: g.Needed,
			Samples: uint64(g.Samples), Bytes: uint64(g.Bytes), Bits: bits, Errors: uint64(g.Errors),
			LastSample: control.When(g.LastSample), Took: g.Duration.Seconds(),
			LastError: g.LastError, LastErrorAt: control.When(g.LastErrorAt), Detail: g.Detail,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		st := others[name]
		r.Sources = append(r.Sources, control.Source{
			Name: name, State: "passive", Samples: st.Samples, Bytes: st.Bytes, Bits: st.CreditedBits,
		})
	}
}

// HandOver returns the state for Options.Before of the program that follows. The
// descriptors in it stay this program's.
func (s *Sources) HandOver() *State {
	state := &State{Devices: s.devices.handOver(), Gathered: s.runner.Stats()}
	s.clones.handOver(state)
	return state
}

// estimate is nil where no sample could be estimated yet.
func estimate(g gatherers.Status) *float64 {
	if !g.Estimated {
		return nil
	}
	return &g.Estimate
}
