package daemon

import (
	"context"
	"fmt"
	"time"

	"prngd/internal/process"
)

// readyLate is how long a supervisor is left waiting for the first seed: an
// unseeded daemon is a matter of health, not a failed start.
const readyLate = 10 * time.Second

// notifyReady tells the supervisor once clients are answered for real, or that
// they will have to wait.
func (d *daemon) notifyReady(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, readyLate)
	defer cancel()
	status := "seeded, serving"
	if !d.awaitOpen(limited) {
		status = "serving, not seeded yet"
	}
	if ctx.Err() == nil {
		d.warn(process.Notify("READY=1\nSTATUS=" + status))
	}
	if status != "seeded, serving" && d.awaitOpen(ctx) {
		d.warn(process.Notify("STATUS=seeded, serving"))
	}
}

// feedWatchdog tells the supervisor that we live, as long as the generator's
// lock can be had.
func (d *daemon) feedWatchdog(ctx context.Context) {
	limit := process.Watchdog()
	if limit == 0 {
		return
	}
	tick := time.NewTicker(limit / 2)
	defer tick.Stop()
	last := ""
	for {
		d.pool.Stats()
		err := process.Notify("WATCHDOG=1")
		if said := fmt.Sprint(err); said != last { // once, not at each tick
			d.warn(err)
			last = said
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
