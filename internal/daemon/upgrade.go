package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"prngd/internal/prng"
	"prngd/internal/process"
	"prngd/internal/server"
	"prngd/internal/upgrade"
)

// handled returns the signals that the daemon acts on.
func handled() []os.Signal {
	return []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR2}
}

// newSignals returns where they come from now on.
func newSignals() chan os.Signal {
	c := make(chan os.Signal, 8)
	signal.Notify(c, handled()...)
	return c
}

// attempt is an upgrade under way. Whoever asks for another one gets this one.
type attempt struct {
	rehearsed chan struct{} // closed when err is known
	err       error
}

// upgrade puts the program file that we were started from, as it is now, in the
// place of this program. It returns when the rehearsal has passed, or why the
// upgrade is refused; the exec follows at once.
func (d *daemon) upgrade(ctx context.Context) error {
	d.mu.Lock()
	a := d.attempt
	if a == nil {
		a = &attempt{rehearsed: make(chan struct{})}
		d.attempt = a
		go d.try(a)
	}
	d.mu.Unlock()
	select {
	case <-a.rehearsed:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *daemon) try(a *attempt) {
	p, err := d.rehearsal()
	if err != nil {
		d.log.WithError(err).Error("not upgraded: this program goes on")
	}
	a.err = err
	close(a.rehearsed)
	if err == nil {
		d.warn(process.Reloading())
		d.goOver(p)
		p.Close()
	}
	d.mu.Lock()
	d.attempt = nil
	d.mu.Unlock()
}

// rehearsal opens the program and has it try its start.
func (d *daemon) rehearsal() (*upgrade.Program, error) {
	if d.pool.State() == prng.ReseedRequired {
		return nil, errors.New("output is held until a reseed, and a new program could not know that: try again later")
	}
	p, err := upgrade.Open(d.path)
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(handover{Version: handoverVersion, Program: d.program.Version, Path: d.path, Started: d.started, Owner: d.owner})
	if err == nil {
		err = p.Preflight(context.Background(), os.Args, document)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// goOver ends the tasks, and then has the main loop execute p. It returns if that
// did not come about, and then everything goes on.
func (d *daemon) goOver(p *upgrade.Program) {
	old := d.round
	old.end()
	if !waitFor(&old.tasks, roundTime) {
		d.log.Error("not upgraded: a disk or a device does not let go; this program goes on")
		old.tasks.Wait()
		d.call(d.beginRound)
		return
	}
	if upgrade.HungThread(time.Second) {
		d.log.Error("not upgraded: a thread hangs in the kernel, and the exec would hang with it; this program goes on")
		d.call(d.beginRound)
		return
	}
	d.log.WithField("program", d.path).Info("upgrading")
	d.sink.Deliver(100 * time.Millisecond)
	d.call(func() {
		err := d.exec(p)
		d.server.Resume()
		if errors.Is(err, upgrade.ErrInterrupted) {
			return // attend will see why
		}
		d.log.WithError(err).Error("not upgraded: this program goes on")
		d.beginRound()
	})
}

// call has the main loop run f, and returns when it has. A daemon that is ending
// does not.
func (d *daemon) call(f func()) {
	done := make(chan struct{})
	select {
	case d.calls <- func() { f(); close(done) }:
		<-done
	case <-d.life.Done():
	}
}

const (
	// roundTime is for the tasks to end. Clients are served meanwhile, and saving
	// the seed on a busy disk takes a second.
	roundTime = 10 * time.Second
	// parkTime is for the server to come to rest.
	parkTime = 5 * time.Second
)

// exec executes p. Nobody is answered from Park on.
func (d *daemon) exec(p *upgrade.Program) error {
	ctx, cancel := context.WithTimeout(context.Background(), parkTime)
	defer cancel()
	connections, err := d.server.Park(ctx)
	if err != nil {
		return fmt.Errorf("parking the connections: %w", err)
	}
	h, err := d.handover(connections)
	if err != nil {
		return err
	}
	defer clear(h.secret)
	document, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return p.Exec(upgrade.Payload{
		Argv: os.Args, Document: document, Secret: h.secret, Keep: h.descriptors(),
		Signals: handled(), Caught: d.signals, Interrupted: d.toldToStop,
		// The next program reads its configuration, and is the upgrade.
		Harmless: []os.Signal{syscall.SIGHUP, syscall.SIGUSR2},
	})
}

// handover collects what the next program needs.
func (d *daemon) handover(connections []server.Connection) (*handover, error) {
	h := &handover{
		Version: handoverVersion, Program: d.program.Version, Path: d.path,
		Started: d.started, Parked: time.Now(), Foreground: d.foreground, Owner: d.owner,
		Connections: connections, Report: d.report(), RunnerUID: d.commands.uid,
	}
	for _, p := range d.places {
		handed, err := handPlace(p)
		if err != nil {
			return nil, err
		}
		h.Places = append(h.Places, handed)
	}
	if len(d.control.listeners) > 0 {
		handed, err := handPlace(d.control)
		if err != nil {
			return nil, err
		}
		h.Control = []handedPlace{handed}
	}
	h.Exchanges, h.Sources, h.Generator = d.handExchanges(), d.sources.HandOver(), d.pool.HandOver()
	for _, f := range d.commands.runner.Files() {
		fd, err := descriptorOf(f) // Fd would make it blocking
		if err != nil {
			return nil, fmt.Errorf("handing over the runner: %w", err)
		}
		h.Runner = append(h.Runner, fd)
	}
	if path, file := d.pidFile.Descriptor(); file != nil {
		h.PIDFile = handedFile{Path: path, FD: int(file.Fd())}
	}
	if f := d.seed.Load(); f != nil {
		file, dir := f.Descriptors()
		h.Seed = handedFile{Path: f.Stats().Path, FD: int(file.Fd()), Dir: int(dir.Fd())}
	}
	h.secret, h.Seeded = d.rootOutput()
	return h, nil
}

// rootOutput returns 64 bytes for the next generator. While the gate is shut
// they carry on what is in the pools, but not what was counted for it.
func (d *daemon) rootOutput() (b []byte, seeded bool) {
	b = make([]byte, 64)
	if d.pool.Generate(b) {
		return b, true
	}
	d.pool.Digest((*[32]byte)(b), []byte("handover 1"))
	d.pool.Digest((*[32]byte)(b[32:]), []byte("handover 2"))
	return b, false
}

// toldToStop reports whether a signal waits for attend that ends the daemon.
func (d *daemon) toldToStop() (told bool) {
	for range len(d.signals) {
		s := <-d.signals
		told = told || s == syscall.SIGTERM || s == syscall.SIGINT
		d.signals <- s
	}
	return told
}

// round is one run of the tasks. They end before an exec: children are killed,
// the seed is saved, who asked through the control socket has an answer. And no
// thread may hang in the kernel, since the exec would wait for it, with nobody
// served. An exec that fails begins another round.
type round struct {
	end   context.CancelFunc
	tasks sync.WaitGroup
}

// beginRound starts the tasks.
func (d *daemon) beginRound() {
	ctx, end := context.WithCancel(d.life)
	r := &round{end: end}
	d.round = r // before there is a task that could end it
	for _, task := range d.tasks() {
		r.tasks.Go(func() { task(ctx) })
	}
}
