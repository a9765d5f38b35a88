package daemon

import (
	"context"
	"fmt"
	"strings"
	"time"

	"prngd/gatherers"
	"prngd/internal/config"
	"prngd/internal/credit"
	"prngd/internal/prng"
	"prngd/seedfile"
)

const (
	saveEvery = time.Hour
	patience  = 10 * time.Second // before an unseeded daemon says what it lacks
)

// keepSeed takes what the last run left, and keeps the file from the first
// seed on. It has a goroutine of its own: nobody waits for a disk who is
// seeded without it.
func (d *daemon) keepSeed(ctx context.Context) {
	if d.seed.Load() == nil && d.account == nil {
		d.openSeed(d.settings.Load())
	}
	f := d.seed.Load()
	if f == nil {
		return
	}
	if !d.recalled { // else the tasks begin anew, after an upgrade or a refused one
		d.recall(f)
		d.recalled = true
	}
	if d.awaitOpen(ctx) {
		f.Keep(ctx, saveEvery, d.pool, d.log)
	}
}

// openSeed opens the seed file, or goes on with the one of the program before us.
// It stays open: who we become, and whoever takes our place, may not be permitted
// to open it.
func (d *daemon) openSeed(s *config.Settings) {
	if s.Seed.Path == "" {
		return
	}
	o := seedfile.Options{
		Path: s.Seed.Path, MachineID: seedfile.MachineID(), Credit: s.Seed.Credit, Owner: d.uid(),
	}
	if f := d.adoptSeed(o); f != nil {
		d.recalled = true
		d.seed.Store(f)
		return
	}
	f, err := seedfile.Open(o)
	if err != nil {
		d.log.WithError(err).Warn("no seed will survive this run")
		d.mu.Lock()
		d.seedError = err.Error()
		d.mu.Unlock()
		return
	}
	d.seed.Store(f)
}

// recall mixes and counts the seed that the last run left.
func (d *daemon) recall(f *seedfile.File) {
	real, mono := gatherers.Clocks()()
	warning, readErr, replaceErr := credit.Recall(d.pool, f, real, mono)
	d.warn(readErr)
	if warning != "" {
		d.log.Warn(warning)
	}
	d.warn(replaceErr)
}

// awaitOpen waits for the gate, and says whether it opened.
func (d *daemon) awaitOpen(ctx context.Context) bool {
	for {
		changed := d.pool.Changed()
		if d.pool.State() == prng.Seeded {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return d.pool.State() == prng.Seeded
		}
	}
}

// announce says what seeded us, or what is missing.
func (d *daemon) announce(ctx context.Context) {
	late := time.AfterFunc(patience, func() {
		if d.pool.State() == prng.Unseeded && ctx.Err() == nil {
			d.log.WithField("bits", d.pool.Stats().GateBits).Warn("not seeded: " + remedy)
		}
	})
	defer late.Stop()
	if d.announced || !d.awaitOpen(ctx) {
		return
	}
	d.announced = true
	st := d.pool.Stats()
	d.log.WithField("by", strings.Join(seeders(st), ", ")).
		WithField("ms", fmt.Sprintf("%.1f", st.OpenedAt.Sub(d.started).Seconds()*1000)).Info("seeded")
}

// remedy is what an admin can do who has no credited source.
const remedy = "512 bits from credited sources are needed. Without a kernel generator or a healthy jitter source, " +
	"prngd.conf can name a device (source dev:PATH credit=BITS), believe commands (credit-commands yes), " +
	"or believe root's own input (write-credit uid=0 alone, then egdquery write 512 < FILE)"

// seeders names the sources that opened the gate, with what they counted.
func seeders(st prng.Stats) (names []string) {
	for _, s := range st.Sources {
		if s.GateBits > 0 {
			names = append(names, fmt.Sprintf("%s %d bits", s.Name, s.GateBits))
		}
	}
	return names
}
