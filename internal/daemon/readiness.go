package daemon

import (
	"context"
	"fmt"
	"strings"
	"time"

	"prngd/internal/prng"
	"prngd/internal/process"
)

// readyLimit is how long a supervisor waits for the first seed: an unseeded daemon
// is a matter of health, not a failed start.
const readyLimit = 10 * time.Second

// notifyReady tells the supervisor once clients are answered in full, or that
// they have to wait.
func (d *daemon) notifyReady(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	const seeded = "seeded, serving"
	status := seeded
	if !awaitSeeded(limited, d.generator) {
		status = "serving, not seeded yet"
	}
	if ctx.Err() == nil {
		d.warn(process.Notify("READY=1\nSTATUS=" + status))
		d.warn(d.own.ready.Ready())
	}
	if status != seeded && awaitSeeded(ctx, d.generator) {
		d.warn(process.Notify("STATUS=" + seeded))
	}
}

// feedWatchdog tells the supervisor that the daemon lives, as long as the loops
// that serve clients and signals answer. It goes on during an upgrade: clients are
// served until the exec.
func (d *daemon) feedWatchdog(ctx context.Context) {
	limit := process.Watchdog()
	if limit == 0 {
		return
	}
	tick := time.NewTicker(limit / 4)
	defer tick.Stop()
	for {
		d.feed(ctx, limit/4)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// feed asks both loops and tells the supervisor if they answer in time.
func (d *daemon) feed(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if d.own.server.Alive(ctx) != nil || !d.call(ctx, func() {}) {
		return
	}
	_ = process.Notify("WATCHDOG=1") // a supervisor that is gone needs none
}

// unseededWarning is when an unseeded daemon says what it lacks.
const unseededWarning = 10 * time.Second

// remedy is what an admin can do without a credited source.
const remedy = "512 bits from credited sources are needed. Without a kernel generator or a healthy jitter source, " +
	"prngd.conf can name a device (source dev:PATH credit=BITS), credit commands (credit-commands yes), " +
	"or credit root's own input (write-credit uid=0 alone, then egdquery write 512 < FILE)"

// announce logs what seeded the daemon, or what is missing.
func (d *daemon) announce(ctx context.Context) {
	late := time.AfterFunc(unseededWarning, func() {
		if d.generator.State() == prng.Unseeded && ctx.Err() == nil {
			d.log.WithField("bits", d.generator.Stats().FirstSeedBits).Warn("not seeded: " + remedy)
		}
	})
	defer late.Stop()
	if d.announced || !awaitSeeded(ctx, d.generator) {
		return
	}
	d.announced = true
	st := d.generator.Stats()
	d.log.WithField("by", strings.Join(seeders(st), ", ")).
		WithField("ms", fmt.Sprintf("%.1f", st.OpenedAt.Sub(d.origin.Started).Seconds()*1000)).Info("seeded")
}
