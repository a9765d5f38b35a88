package main

import (
	"context"
	"sync"

	"prngd/config"
	"prngd/prng"
	"prngd/seedfile"
)

// keepExchanges stirs every exchange file until ctx ends.
func (d *daemon) keepExchanges(ctx context.Context) {
	var files sync.WaitGroup
	for _, line := range d.settings.Load().Exchange {
		x, err := seedfile.OpenExchange(line.Path, -1)
		if err != nil {
			d.log.WithError(err).Warn("not exchanged; its owner can run egdquery exchange stir FILE instead")
			d.noteExchange(line.Path, nil, err)
			continue
		}
		d.noteExchange(line.Path, x, nil)
		files.Go(func() { d.keepExchange(ctx, x, line) })
	}
	files.Wait()
}

// keepExchange takes what others left at once, and gives something back from
// the first seed on.
func (d *daemon) keepExchange(ctx context.Context, x *seedfile.Exchange, line config.Exchange) {
	defer x.Close()
	source := d.pool.Source(prng.Policy{Name: "exchange:" + line.Path, Foreign: true})
	mix := func(b []byte) { source.Add(b, 0) }
	d.warn(x.Read(ctx, mix))
	if d.awaitOpen(ctx) {
		x.Keep(ctx, seedfile.RandomWait(d.pool, line.Every), d.pool, mix, d.log)
	}
}

// exchangeFile is what status tells of one.
type exchangeFile struct {
	path string
	file *seedfile.Exchange // nil: it could not be opened
	err  error
}

func (d *daemon) noteExchange(path string, x *seedfile.Exchange, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchanges = append(d.exchanges, exchangeFile{path, x, err})
}
