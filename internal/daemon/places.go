package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/config"
	"prngd/internal/listen"
)

// place is one listen line and its sockets.
type place struct {
	options   listen.Options
	listeners []*listen.Listener
	lost      bool // its path was removed and could not be bound again

	supervised bool // a supervisor made the sockets: they stay as they are
}

// placeEvery is how often the paths of our sockets are looked at: whoever
// cleans /run may take them along.
const placeEvery = time.Minute

func (p *place) close() {
	for _, l := range p.listeners {
		l.Close()
	}
}

// listen opens every place that is not there already, or none. What grave hands
// back of an error is one; otherwise that place is left out.
func (d *daemon) listen(s *config.Settings, in *inheritance) (places []place, err error) {
	for _, line := range in.lines(s) {
		o := listenOptions(line)
		if p, ok := in.take(o); ok {
			places = append(places, p)
			continue
		}
		if err := mayRemake(o.Address); err != nil {
			if p, ok := in.takeOther(o.Address); ok {
				d.log.WithError(err).Warn("a listen line needs a restart")
				places = append(places, p)
				continue
			}
		}
		in.drop(o.Address)
		p, err := d.openPlace(o)
		if d.grave(err) != nil {
			for _, p := range places {
				p.close()
			}
			return nil, err
		}
		if err != nil {
			continue
		}
		places = append(places, p)
	}
	return places, nil
}

func (d *daemon) openPlace(o listen.Options) (place, error) {
	if err := makeSocketDirectory(o.Address, d.owner); err != nil {
		return place{}, err
	}
	if o.Address.Network == "tcp" && !o.Address.Loopback() {
		d.log.WithField("address", o.Address).Warn("EGD over a network can be read by whoever is on the wire")
	}
	ls, err := listen.Listen(o)
	return place{options: o, listeners: ls}, err
}

func listenOptions(s config.Socket) listen.Options {
	return listen.Options{Address: s.Address, Mode: s.Mode, Group: s.Group, Allow: s.Allow}
}

func listeners(places []place) (all []*listen.Listener) {
	for _, p := range places {
		all = append(all, p.listeners...)
	}
	return all
}

// watchPlaces binds a socket again whose path was removed, if it may.
func (d *daemon) watchPlaces(ctx context.Context) {
	tick := time.NewTicker(placeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.mu.Lock()
			for i := range d.places {
				d.restore(&d.places[i])
			}
			d.mu.Unlock()
		}
	}
}

// restore replaces a place whose path no longer leads to it. Connections made
// through the old socket live on.
func (d *daemon) restore(p *place) {
	if len(p.listeners) == 0 || !p.listeners[0].Missing() {
		p.lost = false
		return
	}
	fresh, err := d.openPlace(p.options)
	if err != nil {
		if !p.lost {
			d.log.WithError(err).Warn("our socket was removed, and we may not make it again: that needs a restart")
		}
		p.lost = true
		return
	}
	d.log.WithField("address", p.options.Address).Warn("our socket was removed: made again")
	p.close()
	*p = fresh
	d.serveAll(fresh)
}

func (d *daemon) serveAll(p place) {
	for _, l := range p.listeners {
		d.server.Add(l)
	}
}

// relisten makes the places those of s. What stays the same is not touched,
// and what cannot be had is reported and left as it is.
func (d *daemon) relisten(s *config.Settings) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var next []place
	for _, line := range s.Listen {
		o := listenOptions(line)
		p, err := d.placeFor(o)
		if err != nil {
			d.log.WithError(err).Warn("reload: a listen line needs a restart")
		}
		if len(p.listeners) > 0 {
			next = append(next, p)
		}
	}
	for _, p := range d.places {
		if p.supervised {
			next = append(next, p)
			continue
		}
		d.log.WithField("address", p.options.Address).Info("no longer listening")
		p.close()
	}
	d.places = next
}

// placeFor takes the place at an address from the list, changed to what o asks
// for, or opens it. After an error the place is the one that there was, if any.
func (d *daemon) placeFor(o listen.Options) (place, error) {
	i := slices.IndexFunc(d.places, func(p place) bool { return p.options.Address == o.Address })
	if i < 0 {
		return d.serveNew(o)
	}
	p := d.places[i]
	d.places = slices.Delete(d.places, i, i+1)
	switch {
	case p.supervised || reflect.DeepEqual(p.options, o): // a supervisor's keeps what it began with
		return p, nil
	case o.Address.Network == "tcp":
		return p.admit(o), nil
	}
	if err := mayRemake(o.Address); err != nil {
		return p, err
	}
	p.close()
	return d.serveNew(o)
}

// mayRemake says why a socket that is there had better not be closed to make it
// again with other options: who is no longer root may not do that everywhere.
func mayRemake(a egdproto.Address) error {
	if a.Network == "tcp" {
		return nil
	}
	if err := unix.Access(filepath.Dir(a.Path), unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("listening on %s with other options: its directory: %w", a, err)
	}
	return nil
}

func (d *daemon) serveNew(o listen.Options) (place, error) {
	p, err := d.openPlace(o)
	if err == nil {
		d.log.WithField("address", o.Address).Info("listening")
		d.serveAll(p)
	}
	return p, err
}

// admit changes whom the sockets of p let in: all that TCP's options are about.
func (p place) admit(o listen.Options) place {
	for _, l := range p.listeners {
		l.Claim(o, true)
	}
	p.options = o
	return p
}
