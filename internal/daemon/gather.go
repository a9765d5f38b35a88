package daemon

import (
	"context"
	"slices"
	"time"

	"prngd/gatherers"
	"prngd/internal/prng"
)

// headStart is for the clients that have waited for us, if the kernel has seeded
// us already: the first round of the gatherers keeps two processors busy for some
// 30 ms. Measured on one processor, from exec to the first reply: 7 ms with it
// at once.
const headStart = 20 * time.Millisecond

// gather runs the gatherers until ctx ends, anew after every reload.
func (d *daemon) gather(ctx context.Context) {
	if d.pool.State() == prng.Seeded {
		select {
		case <-ctx.Done():
		case <-time.After(headStart):
		}
	}
	d.anew(ctx, &d.regather, func(round context.Context) {
		d.mu.Lock()
		list := d.gathering
		d.mu.Unlock()
		d.runner.Run(round, list)
	})
}

// anew runs do until ctx ends, and once more whenever somebody who holds mu calls
// the function that it leaves in again: what do works with is another then.
func (d *daemon) anew(ctx context.Context, again *context.CancelFunc, do func(context.Context)) {
	for ctx.Err() == nil {
		round, cancel := context.WithCancel(ctx)
		d.mu.Lock()
		*again = cancel
		d.mu.Unlock()
		do(round)
		cancel()
	}
}

// askKernel seeds us, where the kernel can, before the first client has a socket
// to connect to: it takes microseconds, to start the gatherers milliseconds.
func (d *daemon) askKernel() {
	i := slices.IndexFunc(d.gathering, func(g gatherers.Gatherer) bool { return g.Name == "kernel" })
	if i < 0 {
		return
	}
	kernel := &d.gathering[i]
	if data, err := kernel.Gather(context.Background()); err == nil {
		d.mix(kernel, data, kernel.Credit.Bits(len(data)))
		clear(data)
	}
}

// gatherFrom replaces the list of gatherers.
func (d *daemon) gatherFrom(list []gatherers.Gatherer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gathering = list
	if d.regather != nil {
		d.regather()
	}
}

// insistEvery is the pace of asking while nothing can be served; a kernel that
// has no bytes yet may have some in a moment.
const insistEvery = 10 * time.Second

// insist samples the credited sources again and again until the gate is open.
func (d *daemon) insist(ctx context.Context) {
	tick := time.NewTicker(insistEvery)
	defer tick.Stop()
	for {
		changed := d.pool.Changed()
		if d.pool.State() == prng.Seeded {
			return
		}
		select {
		case <-tick.C:
			d.runner.Kick()
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
