package daemon

import (
	"context"
	"slices"
	"sync"

	"prngd/internal/config"
	"prngd/internal/credit"
	"prngd/seedfile"
)

// exchangeFile is one exchange line and its file.
type exchangeFile struct {
	line config.Exchange
	file *seedfile.Exchange // nil: it could not be opened
	err  error
}

// openExchanges opens the files that lines name, but for those that are open
// already: after we have become somebody else, few can be opened. Keepers of the
// files before go on with the new lines.
func (d *daemon) openExchanges(lines []config.Exchange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var next []exchangeFile
	for _, line := range lines {
		i := slices.IndexFunc(d.exchanges, func(x exchangeFile) bool { return x.line.Path == line.Path && x.file != nil })
		if i >= 0 {
			next = append(next, exchangeFile{line: line, file: d.exchanges[i].file})
			continue
		}
		x := exchangeFile{line: line}
		if x.file, x.err = d.openExchange(line.Path); x.err != nil {
			d.log.WithError(x.err).Warn("not exchanged; its owner can run egdquery exchange stir FILE instead")
		}
		next = append(next, x)
	}
	d.exchanges = next
	if d.restir != nil {
		d.restir()
	}
}

// openExchange opens a file, or goes on with the one of the program before us.
func (d *daemon) openExchange(path string) (*seedfile.Exchange, error) {
	const ofItsDirectory = -1
	if fd, found := d.legacy.takeExchange(path); found {
		return seedfile.AdoptExchange(path, ofItsDirectory, fileOf(fd, path))
	}
	return seedfile.OpenExchange(path, ofItsDirectory)
}

// keepExchanges stirs every exchange file until ctx ends, anew after every reload.
func (d *daemon) keepExchanges(ctx context.Context) {
	for ctx.Err() == nil {
		round, cancel := context.WithCancel(ctx)
		d.mu.Lock()
		d.restir = cancel
		list := d.exchanges
		d.mu.Unlock()
		d.stirAll(round, list)
		<-round.Done() // there may be nothing to stir
		d.closeExchanges(list)
		cancel()
	}
}

func (d *daemon) stirAll(ctx context.Context, list []exchangeFile) {
	var keepers sync.WaitGroup
	for _, x := range list {
		if x.file != nil {
			keepers.Go(func() { d.keepExchange(ctx, x.file, x.line) })
		}
	}
	keepers.Wait()
}

// keepExchange takes what others left at once, and gives something back from
// the first seed on.
func (d *daemon) keepExchange(ctx context.Context, x *seedfile.Exchange, line config.Exchange) {
	source := d.pool.Source(credit.Exchange(line.Path))
	mix := func(b []byte) { source.Add(b, 0) }
	d.warn(x.Read(ctx, mix))
	if d.awaitOpen(ctx) {
		x.Keep(ctx, seedfile.RandomWait(d.pool, line.Every), d.pool, mix, d.log)
	}
}

// closeExchanges closes the files of old that no line names any more.
func (d *daemon) closeExchanges(old []exchangeFile) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range old {
		still := func(now exchangeFile) bool { return now.file == x.file }
		if x.file != nil && !slices.ContainsFunc(d.exchanges, still) {
			x.file.Close()
		}
	}
}

// handExchanges describes the open files for the program that takes our place.
func (d *daemon) handExchanges() (handed []handedFile) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.exchanges {
		if x.file != nil {
			handed = append(handed, handedFile{Path: x.line.Path, FD: int(x.file.Descriptor().Fd())})
		}
	}
	return handed
}

// takeExchange returns the descriptor of the exchange file at path that was left
// to us, once. What nobody takes stays open, harmlessly, until the process ends.
func (h *handover) takeExchange(path string) (fd int, found bool) {
	if h == nil {
		return 0, false
	}
	i := slices.IndexFunc(h.Exchanges, func(f handedFile) bool { return f.Path == path })
	if i < 0 {
		return 0, false
	}
	fd = h.Exchanges[i].FD
	h.Exchanges = slices.Delete(h.Exchanges, i, i+1)
	return fd, true
}
