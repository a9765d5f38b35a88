package daemon

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"prngd/gatherers"
	"prngd/internal/prng"
)

// doubts is what makes the generator doubt that its state is ours alone.
type doubts struct {
	clock      gatherers.ClockWatch
	generation *gatherers.Generation // nil where this machine has none
	asked      int64                 // mono: when the generation was last read
	raised     chan prng.CloneEvent

	id            atomic.Pointer[[16]byte] // the generation as last read
	jumps, clones atomic.Uint64
}

// askEvery spares the systems where the generation costs a system call.
const askEvery = int64(time.Second)

// heldMost is how long replies wait for a fresh burst of jitter after the
// clocks have jumped. Clients give up at 10 s.
const heldMost = 500 * time.Millisecond

func newDoubts() *doubts {
	d := &doubts{raised: make(chan prng.CloneEvent, 1)}
	d.generation, _ = gatherers.OpenGeneration() // nil is the usual case
	if d.generation != nil {
		d.note()
	}
	return d
}

// ask is prng.Env.Doubt: called under the pool's lock, a few nanoseconds.
func (d *doubts) ask(real, mono int64) prng.CloneEvent {
	doubt := prng.NoEvent
	if _, jumped := d.clock.Look(real, mono); jumped {
		doubt = prng.Jumped
		d.jumps.Add(1)
	}
	if d.generation != nil && (runtime.GOOS == "linux" || mono-d.asked >= askEvery) {
		d.asked = mono
		if d.generation.Changed() {
			doubt = prng.Cloned
			d.clones.Add(1)
			d.note()
		}
	}
	if doubt != prng.NoEvent {
		d.raise(doubt)
	}
	return doubt
}

// watchClones ends what a doubt began: it brings the reseed for which replies
// are held.
func (d *daemon) watchClones(ctx context.Context) {
	d.mixID()
	go func() {
		err := gatherers.WatchGeneration(ctx, func() {
			d.doubts.clones.Add(1)
			d.pool.Hold()
			d.doubts.raise(prng.Cloned)
		})
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			d.log.WithError(err).Warn("clones of this machine will not be noticed by the kernel's event")
		}
	}()
	for {
		select {
		case doubt := <-d.doubts.raised:
			d.resolve(ctx, doubt)
		case <-ctx.Done():
			return
		}
	}
}

// note keeps the generation for mixID, which must not run under the pool's lock.
func (d *doubts) note() {
	id := d.generation.Value()
	d.id.Store(&id)
}

// mixID mixes the generation for no credit: it is no secret, but it parts two
// clones before their kernels have heard of it.
func (d *daemon) mixID() {
	if id := d.doubts.id.Load(); id != nil {
		d.pool.Source(prng.Policy{Name: "generation", Untrusted: true}).Add(id[:], 0)
	}
}

func (d *doubts) raise(doubt prng.CloneEvent) {
	select {
	case d.raised <- doubt:
	default:
	}
}

// resolve asks for fresh bits until replies are no longer held. After a jump of
// the clocks, which may have been no clone at all, it waits half a second.
func (d *daemon) resolve(ctx context.Context, doubt prng.CloneEvent) {
	what := "this machine was cloned or restored"
	if doubt == prng.Jumped {
		what = "the clocks jumped"
	}
	d.log.Warn(what + ": reseeding")
	d.mixID()
	limit := time.NewTimer(heldMost)
	defer limit.Stop()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	d.runner.Kick()
	for {
		changed := d.pool.Changed()
		if d.pool.State() != prng.ReseedRequired {
			return
		}
		select {
		case <-changed:
		case next := <-d.doubts.raised: // held once more, with half a second of its own
			doubt = max(doubt, next)
			limit.Reset(heldMost)
			d.runner.Kick()
		case <-limit.C:
			if doubt == prng.Jumped {
				d.log.Warn("no fresh entropy in time: serving on, a reseed will follow")
				d.pool.Release()
			}
		case <-again.C:
			d.runner.Kick()
		case <-ctx.Done():
			return
		}
	}
}
