package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/credit"
	"prngd/internal/prng"
	"prngd/seedfile"
)

// generatorPart reports on the generator and hands its counters over. Its state
// goes over as output of it, in the secret of the upgrade.
type generatorPart struct {
	*prng.Generator
	sample  func()    // the kernel, before the first client has a socket to connect to
	started time.Time // of the process
}

// generatorState is the section of a state document.
type generatorState struct {
	Counts prng.Counts `json:"counts"`
	Seeded bool        `json:"seeded"`
}

func (p *generatorPart) prepare(_ context.Context, _ *config.Settings, how manner) (change.Change, error) {
	if how != starting {
		return change.None{}, nil
	}
	return firstSample(p.sample), nil
}

// firstSample is the part of a start that comes after the sources and before the
// sockets.
type firstSample func()

// Commit seeds the generator where the kernel can.
func (sample firstSample) Commit() error {
	sample()
	return nil
}

// Rollback does nothing.
func (firstSample) Rollback() {}

// reportedStates are the generator's states in a report.
var reportedStates = map[prng.State]string{
	prng.Unseeded: control.StateUnseeded, prng.ReseedRequired: control.StateReseedRequired, prng.Seeded: control.StateSeeded,
}

func (p *generatorPart) report(r *control.Report) {
	st := p.Stats()
	r.Generator.State, r.Generator.FirstSeedBits, r.Generator.FirstSeedRequired = reportedStates[st.State], st.FirstSeedBits, prng.FirstSeedBits
	r.Generator.SeededAt, r.Generator.LastReseed = control.When(st.OpenedAt), control.When(st.LastReseed)
	r.Generator.Reseeds, r.Generator.Stirs, r.Generator.Generates, r.Generator.Bytes = st.Reseeds, st.Stirs, st.Generates, st.Bytes
	r.Generator.Kernel, r.Generator.Unprotected = st.Kernel, st.Memory.Missing
	if r.Generator.SeededAt != nil {
		r.Generator.SeedSeconds = st.OpenedAt.Sub(p.started).Seconds()
		r.Generator.SeededBy = seeders(st)
	}
}

func (p *generatorPart) handOver(s *state) error {
	return s.put("generator", generatorState{p.Generator.HandOver(), p.State() == prng.Seeded})
}

// adopt mixes the secret of the upgrade and goes on with the counters.
func (p *generatorPart) adopt(s *state) error {
	var before generatorState
	found, err := s.get("generator", &before)
	if !found || s.preflight {
		return err
	}
	credit.Adopt(p.Generator, s.secret, before.Seeded)
	p.Continue(before.Counts)
	return nil
}

func (p *generatorPart) close() {}

// errReseedFirst refuses an upgrade: a new program could not know what this one
// waits for.
var errReseedFirst = change.Later(errors.New("a reseed is required before the next reply: ask again"))

// secretFor returns what the generator of the next program begins with: 64 bytes
// of output, zeros while this one is unseeded, and a digest of all that is in the
// pools and has not reached the output yet. It is the last look for an event, which
// would be forgotten: there is an error then.
func secretFor(g *prng.Generator) ([]byte, error) {
	b := make([]byte, credit.HandoverSize)
	if !g.Generate(b[:credit.HandoverOutput]) && g.State() == prng.ReseedRequired {
		return nil, errReseedFirst
	}
	g.Digest((*[32]byte)(b[credit.HandoverOutput:]), []byte("handover"))
	return b, nil
}

// personalization separates this generator from every other: program, machine,
// process, moment (SP 800-90A, 8.7.1). None of it is secret or counted.
func personalization(now time.Time) []byte {
	machine := sha256.Sum256(append([]byte("prngd/1 personalization "), seedfile.MachineID()...))
	b := append([]byte("prngd/1"), machine[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(os.Getpid()))
	return binary.BigEndian.AppendUint64(b, uint64(now.UnixNano()))
}

// seeders names the sources that gave the first seed, with what they counted.
func seeders(st prng.Stats) (names []string) {
	for _, s := range st.Sources {
		if s.FirstSeedBits > 0 {
			names = append(names, fmt.Sprintf("%s %d bits", s.Name, s.FirstSeedBits))
		}
	}
	return names
}
