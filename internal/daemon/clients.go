package daemon

import (
	"context"
	"os"

	"github.com/sirupsen/logrus"

	"prngd/egdproto"
	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/credit"
	"prngd/internal/prng"
	"prngd/internal/process"
	"prngd/internal/server"
)

// serverPart makes a part of the server: its limits, its counters and its
// connections.
type serverPart struct {
	*server.Server
	log       *logrus.Logger
	generator *prng.Generator
	parked    []server.Connection // to be handed over
	queues    *os.File            // what they have asked for, until the exec
	inherited int                 // connections
}

func newServer(g *prng.Generator, log *logrus.Logger) *serverPart {
	return &serverPart{Server: server.New(server.Config{Generator: g, Log: log}), log: log, generator: g}
}

func (p *serverPart) prepare(_ context.Context, next *config.Settings, _ manner) (change.Change, error) {
	return &serverChange{p, p.limits(next)}, nil
}

type serverChange struct {
	part *serverPart
	next server.Config
}

// Commit has the new limits hold for new connections, and for those that are open.
func (c *serverChange) Commit() error {
	c.part.Reconfigure(c.next)
	return nil
}

func (c *serverChange) Rollback() {}

// limits is what the server takes from the settings.
func (p *serverPart) limits(s *config.Settings) server.Config {
	writers := writeCredit(s.WriteCredit)
	return server.Config{
		Generator: p.generator, Log: p.log,
		UnseededWait:   s.UnseededWait,
		MaxConnections: p.maxConnections(s.MaxConnections),
		PerUID:         s.PerUID,
		CreditsWrites:  writers.Counts,
		Alone:          writers.Alone,
	}
}

// writeCredit is the policy for the writes of clients.
func writeCredit(lines []config.WriteCredit) (policy credit.Writers) {
	for _, l := range lines {
		policy = append(policy, credit.Writer{UID: l.UID, GID: l.GID, Alone: l.Alone})
	}
	return policy
}

// reserved returns how many of limit descriptors are not for clients: files,
// gatherers, pipes. An idle daemon has 33 open, so of very few it is three
// quarters.
func reserved(limit int) int { return min(64, limit*3/4) }

// maxConnections is what was asked for, or the default, within what the system
// gives the process.
func (p *serverPart) maxConnections(asked int) int {
	limit, err := process.OpenFiles()
	if err != nil {
		return asked
	}
	limit = max(limit-reserved(limit), 1)
	if asked > limit {
		p.log.Warnf("max-connections %d: the limit of open files leaves %d", asked, limit)
	}
	if asked == 0 {
		asked = server.DefaultConnections
	}
	return min(asked, limit)
}

func (p *serverPart) handOver(s *state) error {
	next := serverState{Stats: p.Stats(), Connections: p.parked}
	if p.queues != nil { // of an exec that failed
		p.queues.Close()
	}
	p.queues = next.detachQueues()
	var fds []int
	for _, c := range p.parked {
		fds = append(fds, c.FD)
	}
	if next.Queues > 0 {
		fds = append(fds, next.Queues)
	}
	return s.put("server", next, fds...)
}

func (p *serverPart) adopt(s *state) error {
	var before serverState
	if found, err := s.get("server", &before); !found || s.preflight {
		return err
	}
	if err := before.attachQueues(); err != nil {
		return err
	}
	p.inherited = len(before.Connections)
	p.Continue(before.Stats, p.inherited)
	return p.Inherit(before.Connections)
}

func (p *serverPart) close() {}

func (p *serverPart) report(r *control.Report) {
	st := p.Stats()
	requests := map[string]uint64{}
	for i, n := range st.Requests {
		requests[egdproto.Command(i).String()] = n
	}
	r.Clients = control.Clients{
		Now: int64(st.Clients), Ever: st.ClientsEver, Requests: requests, BytesOut: st.BytesOut,
		Short: st.ShortReplies, Empty: st.EmptyUnseeded + st.EmptyHeld,
		Refused: map[string]uint64{
			"uid": st.RefusedPerUID, "reserved": st.RefusedReserved, "address": st.RefusedAddress,
		},
		LastRefusal: control.When(st.LastRefusal), Unknown: st.UnknownCommands, Partial: st.PartialRequests,
		Timeouts: st.RequestTimeouts + st.WriteTimeouts, CreditDenied: st.WritesRefused,
	}
}
