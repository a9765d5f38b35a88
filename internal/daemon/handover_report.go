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
	continueGenerator(&now.Generator, &before.Generator)
	continueClients(&now.Clients, &before.Clients)
	now.Sources = continueSources(now.Sources, before.Sources)
	if now.Seed.LastSave == nil {
		now.Seed.LastSave = before.Seed.LastSave
	}
	now.Seed.Loaded, now.Seed.Bits = before.Seed.Loaded, before.Seed.Bits
	return now
}

func continueGenerator(now, before *control.Generator) {
	now.Reseeds += before.Reseeds
	now.Stirs += before.Stirs
	now.Generates += before.Generates
	now.Bytes += before.Bytes
	now.Clones += before.Clones
	now.ClockJumps += before.ClockJumps
	if now.LastReseed == nil {
		now.LastReseed = before.LastReseed
	}
	if before.SeededAt != nil {
		now.SeededAt, now.SeedSeconds, now.SeededBy = before.SeededAt, before.SeedSeconds, before.SeededBy
	}
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

// continueSources adds the counts of namesakes. What was no gatherer, clients
// for instance, appears again though it has given nothing yet.
func continueSources(now, before []control.Source) []control.Source {
	at := map[string]int{}
	for i, s := range now {
		at[s.Name] = i
	}
	for _, old := range before {
		i, found := at[old.Name]
		if !found {
			if old.State == "passive" {
				now = append(now, old)
			}
			continue
		}
		s := &now[i]
		s.Samples += old.Samples
		s.Bytes += old.Bytes
		s.Bits += old.Bits
		s.Errors += old.Errors
	}
	return now
}
