package daemon

import (
	"maps"

	"prngd/internal/control"
)

// continued adds what the programs before this one counted: the numbers of a
// report are those of the process, whichever program it executes.
func (d *daemon) continued(now control.Report) control.Report {
	before := d.before
	if before == nil {
		return now
	}
	now.Process.Upgrades = before.Process.Upgrades + 1
	continueClients(&now.Clients, &before.Clients)
	if now.Seed.LastSave == nil {
		now.Seed.LastSave = before.Seed.LastSave
	}
	now.Seed.Loaded, now.Seed.Bits = before.Seed.Loaded, before.Seed.Bits
	return now
}

func continueClients(now, before *control.Clients) {
	now.Ever += before.Ever
	now.BytesOut += before.BytesOut
	now.Short += before.Short
	now.Empty += before.Empty
	now.Unknown += before.Unknown
	now.Partial += before.Partial
	now.Timeouts += before.Timeouts
	now.CreditDenied += before.CreditDenied
	now.Requests, now.Refused = sum(now.Requests, before.Requests), sum(now.Refused, before.Refused)
	if now.LastRefusal == nil {
		now.LastRefusal = before.LastRefusal
	}
}

func sum(now, before map[string]uint64) map[string]uint64 {
	all := maps.Clone(before)
	if all == nil {
		return now
	}
	for name, n := range now {
		all[name] += n
	}
	return all
}
