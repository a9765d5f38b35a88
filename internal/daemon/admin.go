package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"prngd/internal/control"
	"prngd/internal/listen"
	"prngd/internal/prng"
)

// answerAdmin serves the control sockets, those to come as well. It serves copies:
// the tasks end before an upgrade, the sockets do not.
func (d *daemon) answerAdmin(ctx context.Context) {
	server := control.NewServer(control.Handler{
		Status: d.report,
		Do: map[string]func(context.Context) error{
			control.Reseed: d.reseed,
			control.Save:   d.save,
			control.Reload: d.reloadSoon,

			control.Upgrade: d.upgrade,
		},
		Owner: d.owner, Banned: d.banned(),
	})
	var serving sync.WaitGroup
	defer serving.Wait()
	served := map[*listen.Listener]bool{}
	for {
		changed := d.control.Changed()
		for _, l := range d.control.Listeners() {
			if served[l] {
				continue
			}
			c, err := l.Copy()
			if err != nil {
				d.log.WithError(err).Warn("cannot serve the control socket")
				continue
			}
			served[l] = true
			serving.Go(func() { server.Serve(ctx, c) })
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// banned is the uid that gets nothing from the control socket: that of the
// commands of prngd.conf.
func (d *daemon) banned() int {
	if d.commands.runner == nil {
		return -1
	}
	return d.commands.uid
}

// reseed asks every credited source at once, and returns when what they gave is
// in use.
func (d *daemon) reseed(ctx context.Context) error {
	done := d.pool.RequestReseed()
	if done == nil {
		return errors.New("not seeded yet: there is nothing to reseed")
	}
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		d.sources.Kick()
		select {
		case <-done:
			return nil
		case <-again.C: // one sample was not enough, or failed
		case <-ctx.Done():
			return errors.New("no credited source gave 256 bits in time: see egdquery status")
		}
	}
}

// save writes the seed file now.
func (d *daemon) save(context.Context) error {
	f := d.seed.Load()
	switch {
	case f == nil:
		return errors.New("no seed file is kept: see seedfile in prngd.conf, and the log")
	case d.pool.State() != prng.Seeded:
		return errors.New("not seeded yet: there is nothing to save")
	}
	return f.Save(d.pool, true)
}

// reloadSoon lets the main loop reload, where SIGHUP does.
func (d *daemon) reloadSoon(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case d.calls <- func() { done <- d.reload() }:
		return <-done
	case <-ctx.Done():
		return ctx.Err()
	}
}
