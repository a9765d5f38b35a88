package daemon

import (
	"context"
	"errors"
	"time"

	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/listen"
	"prngd/internal/prng"
)

// answerAdmin serves the control socket. Without one the daemon does its work
// all the same.
func (d *daemon) answerAdmin(ctx context.Context) {
	l, err := d.controlSocket()
	if err != nil {
		return // openControl has said why
	}
	control.NewServer(control.Handler{
		Status: d.report,
		Do: map[string]func(context.Context) error{
			control.Reseed: d.reseed,
			control.Save:   d.save,
			control.Reload: d.reloadSoon,

			control.Upgrade: d.upgrade,
		},
		Owner: d.owner, Banned: d.banned(),
	}).Serve(ctx, l)
}

// openControl makes the control socket, unless it came from the program before us.
func (d *daemon) openControl() {
	if len(d.control.listeners) > 0 {
		return
	}
	p, err := d.openPlace(controlOptions(d.settings.Load()))
	if err != nil {
		d.log.WithError(err).Warn("no control socket: egdquery status cannot ask us")
		return
	}
	d.control = p
}

// controlSocket returns a copy of the control socket: the tasks end before an
// upgrade, the socket does not.
func (d *daemon) controlSocket() (*listen.Listener, error) {
	if len(d.control.listeners) == 0 {
		return nil, errors.New("there is no control socket")
	}
	f, err := d.control.listeners[0].File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return listen.Adopt(f)
}

func controlOptions(s *config.Settings) listen.Options {
	return listenOptions(s.Status)
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
