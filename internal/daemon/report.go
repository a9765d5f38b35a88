package daemon

import (
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/egdproto"
	"prngd/internal/control"
	"prngd/internal/prng"
	"prngd/internal/server"
)

// report is everything an admin may ask for, put together from what each
// package counts.
func (d *daemon) report() control.Report {
	st := d.pool.Stats()
	s := d.settings.Load()
	r := control.Report{
		Version: control.Version, Program: "prngd " + d.program.Version,
		PID: os.Getpid(), UID: os.Getuid(),
		Started: d.started.UTC(), Now: time.Now().UTC(),
		Generator: d.reportGenerator(st),
		Seed:      d.reportSeed(),
		Exchange:  d.reportExchanges(),
		Listeners: d.reportPlaces(),
		Clients:   reportClients(d.server.Stats()),
		Process:   d.reportProcess(),
		Config:    control.Config{Path: s.Path, Commands: len(s.Commands), Undef: s.Undef, Rejected: s.Rejected},
		Log:       d.reportLog(),
	}
	d.sources.Report(&r)
	return d.continued(r)
}

func (d *daemon) reportGenerator(st prng.Stats) control.Generator {
	g := control.Generator{
		State: st.State.String(), GateBits: st.GateBits, GateNeeds: prng.GateBits,
		SeededAt: when(st.OpenedAt), Reseeds: st.Reseeds, LastReseed: when(st.LastReseed),
		Stirs: st.Stirs, Generates: st.Generates, Bytes: st.Bytes, Kernel: st.Kernel,
		Unprotected: st.Memory.Missing,
	}
	if g.SeededAt != nil {
		g.SeedSeconds = st.OpenedAt.Sub(d.started).Seconds()
		g.SeededBy = seeders(st)
	}
	return g
}

func (d *daemon) reportSeed() control.Seed {
	f := d.seed.Load()
	if f == nil {
		return d.reportNoSeed()
	}
	st := f.Stats()
	return control.Seed{
		Path: st.Path, Loaded: st.Reason, Bits: st.LoadedBits,
		LastSave: when(st.LastSave), Error: st.LastError, Creditable: st.Creditable,
	}
}

func (d *daemon) reportNoSeed() control.Seed {
	d.mu.Lock()
	defer d.mu.Unlock()
	return control.Seed{Error: d.seedError}
}

func (d *daemon) reportExchanges() (list []control.File) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.exchanges {
		if x.file == nil {
			list = append(list, control.File{Path: x.line.Path, Error: x.err.Error()})
			continue
		}
		st := x.file.Stats()
		list = append(list, control.File{
			Path: x.line.Path, Cycles: st.Writes, Skipped: st.Skipped, LastStir: when(st.Last),
			Locked: st.LongestLock.Seconds(), Error: st.LastError,
		})
	}
	return list
}

func (d *daemon) reportPlaces() (list []control.Socket) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.places {
		for _, l := range p.listeners {
			list = append(list, control.Socket{Address: l.Address().String(), Missing: l.Missing()})
		}
	}
	return list
}

func reportClients(st server.Stats) control.Clients {
	requests := map[string]uint64{}
	for i, n := range st.Requests {
		requests[egdproto.Command(i).String()] = n
	}
	return control.Clients{
		Now: int64(st.Clients), Ever: st.ClientsEver, Requests: requests, BytesOut: st.BytesOut,
		Short: st.ShortReplies, Empty: st.EmptyUnseeded + st.EmptyHeld,
		Refused: map[string]uint64{
			"uid": st.RefusedPerUID, "reserved": st.RefusedReserved, "address": st.RefusedAddress,
		},
		LastRefusal: when(st.LastRefusal), Unknown: st.UnknownCommands, Partial: st.PartialRequests,
		Timeouts: st.RequestTimeouts + st.WriteTimeouts, CreditDenied: st.WritesRefused,
	}
}

// reportLog is the last warnings.
func (d *daemon) reportLog() (lines []string) {
	for _, l := range d.sink.Lines() {
		if l.Level <= logrus.WarnLevel {
			lines = append(lines, l.Time.UTC().Format(time.RFC3339)+" "+l.Text)
		}
	}
	return lines[max(0, len(lines)-20):]
}

// when is t for a report, by the clock as it goes now: nil if it has not come
// yet. So an age is right also when the clock was set meanwhile.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	now := time.Now()
	t = now.Add(-now.Sub(t)).UTC() // Sub uses the monotonic clock where t has it
	return &t
}
