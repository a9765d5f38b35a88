package daemon

import (
	"testing"

	"prngd/internal/control"
)

// Counters go on, whichever program counts.
func TestReportContinues(t *testing.T) {
	d := &daemon{before: &control.Report{
		Process:   control.Process{Upgrades: 3},
		Clients:   control.Clients{Ever: 5, BytesOut: 100, Requests: map[string]uint64{"read": 2, "pid": 1}},
		Generator: control.Generator{Reseeds: 2, SeededBy: []string{"kernel 512 bits"}},
		Sources: []control.Source{
			{Name: "kernel", State: "healthy", Samples: 10, Bits: 640},
			{Name: "gone", State: "healthy", Samples: 1},
			{Name: "client", State: "passive", Samples: 4},
		},
	}}
	got := d.continued(control.Report{
		Clients:   control.Clients{Ever: 1, BytesOut: 11, Requests: map[string]uint64{"read": 1}},
		Generator: control.Generator{Reseeds: 1, SeededBy: []string{"handover 512 bits"}},
		Sources:   []control.Source{{Name: "kernel", State: "healthy", Samples: 1, Bits: 64}},
	})
	if got.Process.Upgrades != 4 || got.Clients.Ever != 6 || got.Clients.BytesOut != 111 || got.Generator.Reseeds != 3 {
		t.Errorf("%+v", got)
	}
	if r := got.Clients.Requests; r["read"] != 3 || r["pid"] != 1 {
		t.Errorf("requests %v", r)
	}
	if s := got.Sources; len(s) != 2 || s[0].Samples != 11 || s[0].Bits != 704 || s[1].Name != "client" {
		t.Errorf("sources %+v", s)
	}
}
