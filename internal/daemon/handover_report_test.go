package daemon

import (
	"testing"

	"prngd/internal/control"
)

// Counters go on, whichever program counts.
func TestReportContinues(t *testing.T) {
	d := &daemon{before: &control.Report{
		Process: control.Process{Upgrades: 3},
		Clients: control.Clients{Ever: 5, BytesOut: 100, Requests: map[string]uint64{"read": 2, "pid": 1}},
	}}
	got := d.continued(control.Report{
		Clients: control.Clients{Ever: 1, BytesOut: 11, Requests: map[string]uint64{"read": 1}},
	})
	if got.Process.Upgrades != 4 || got.Clients.Ever != 6 || got.Clients.BytesOut != 111 {
		t.Errorf("%+v", got)
	}
	if r := got.Clients.Requests; r["read"] != 3 || r["pid"] != 1 {
		t.Errorf("requests %v", r)
	}
}
