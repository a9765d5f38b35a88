package main

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/config"
	"prngd/server"
)

// place is one listen line and its sockets.
type place struct {
	options   server.ListenOptions
	listeners []*server.Listener
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
func listen(s *settings, in *inheritance, log *logrus.Logger, grave func(error) error) (places []place, err error) {
	for _, line := range in.lines(s) {
		o := listenOptions(s, line)
		if p, ok := in.take(o); ok {
			places = append(places, p)
			continue
		}
		in.drop(o.Address)
		p, err := openPlace(o, log)
		if grave(err) != nil {
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

func openPlace(o server.ListenOptions, log *logrus.Logger) (place, error) {
	if err := makeSocketDirectory(o.Address); err != nil {
		return place{}, err
	}
	if o.Address.Network == "tcp" && !o.Address.Loopback() {
		log.WithField("address", o.Address).Warn("EGD over a network can be read by whoever is on the wire")
	}
	ls, err := server.Listen(o)
	return place{options: o, listeners: ls}, err
}

func listenOptions(s *settings, l config.Listen) server.ListenOptions {
	return server.ListenOptions{Address: l.Address, Mode: s.socketMode(l), Group: l.Group, Allow: l.Allow}
}

func listeners(places []place) (all []*server.Listener) {
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
	fresh, err := openPlace(p.options, d.log)
	if err != nil {
		if !p.lost {
			d.log.WithError(err).Warn("our socket was removed and cannot be made again")
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
// and what cannot be opened is reported and left out.
func (d *daemon) relisten(s *settings) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var next []place
	for _, line := range s.Listen {
		o := listenOptions(s, line)
		if p, ok := takePlace(&d.places, o); ok {
			next = append(next, p)
			continue
		}
		if slices.ContainsFunc(d.places, func(p place) bool { return p.supervised && p.options.Address == o.Address }) {
			continue // a supervisor's: it keeps what it began with
		}
		closePlaceAt(&d.places, o) // the same address with other options
		p, err := openPlace(o, d.log)
		if err != nil {
			d.log.WithError(err).Warn("reload: a listen line is left out")
			continue
		}
		d.log.WithField("address", o.Address).Info("listening")
		d.serveAll(p)
		next = append(next, p)
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

// takePlace removes the place with exactly these options from the list.
func takePlace(places *[]place, o server.ListenOptions) (place, bool) {
	return cutPlace(places, func(p place) bool { return reflect.DeepEqual(p.options, o) })
}

func closePlaceAt(places *[]place, o server.ListenOptions) {
	if p, ok := cutPlace(places, func(p place) bool { return p.options.Address == o.Address }); ok {
		p.close()
	}
}

func cutPlace(places *[]place, match func(place) bool) (place, bool) {
	for i, p := range *places {
		if match(p) {
			*places = append((*places)[:i:i], (*places)[i+1:]...)
			return p, true
		}
	}
	return place{}, false
}
