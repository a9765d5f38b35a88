package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/prng"
	"prngd/internal/process"
	"prngd/internal/upgrade"
)

const (
	// tasksLimit is for the tasks to end. Clients are served meanwhile, and saving
	// the seed on a busy disk takes a second.
	tasksLimit = 10 * time.Second
	// hungLimit is how long one sleep on a disk may last. Clients are served meanwhile.
	hungLimit = 5 * time.Second
	// parkLimit is for the server to come to rest.
	parkLimit = 5 * time.Second
)

// upgrade puts the program file that the daemon was started from, as it is now, in
// the place of this program. It returns only if that is refused; otherwise the new
// program goes on, and answers for this one.
func (d *daemon) upgrade(ctx context.Context) error {
	err := d.replace(ctx)
	if errors.Is(err, upgrade.ErrInterrupted) {
		return change.Later(errors.New("the daemon is stopping"))
	}
	if err != nil {
		d.log.WithField("error", oneLine(err)).Error("not upgraded: this program goes on")
	}
	return err
}

func (d *daemon) replace(ctx context.Context) error {
	if d.generator.State() == prng.ReseedRequired {
		return errReseedFirst
	}
	program, err := upgrade.Open(d.origin.File.Path)
	if err != nil {
		return err
	}
	defer program.Close()
	resolved, err := d.preflight(ctx, program)
	if err != nil {
		return err
	}
	d.warn(process.Reloading())
	if err := d.endTasks(); err != nil {
		return err
	}
	d.log.WithField("program", d.origin.File.Path).WithField("same", program.Same(d.origin.File)).Info("upgrading")
	d.own.log.Deliver(100 * time.Millisecond)
	err = d.park(ctx, program, resolved)
	d.call(ctx, d.startTasks)
	return err
}

// preflight has the new program try its start, and returns the settings that it
// has resolved.
func (d *daemon) preflight(ctx context.Context, program *upgrade.Program) ([]byte, error) {
	// Descriptors of files wait for a save that is under way.
	s, err := within(ctx, tasksLimit, d.state, func(*state) {})
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var sockets []int
	for _, p := range []*listeners{d.own.clients, d.own.control} {
		copies, err := p.copies()
		for _, f := range copies {
			defer f.Close()
		}
		if err != nil {
			return nil, err
		}
		for _, f := range copies {
			fd, err := descriptorOf(f) // Fd would make the socket blocking
			if err != nil {
				return nil, err
			}
			sockets = append(sockets, fd)
		}
	}
	return program.Preflight(ctx, os.Args, document, sockets)
}

// endTasks ends the tasks. No thread may hang in the kernel then: the exec would
// wait for it, and nobody would be served.
func (d *daemon) endTasks() error {
	var why string
	switch {
	case !d.tasks.stop(tasksLimit):
		why = "a disk or a device does not answer"
	case upgrade.HungThread(hungLimit):
		why = "a thread hangs in the kernel, and the exec would hang with it"
	default:
		return nil
	}
	d.call(d.life, d.startTasks)
	return change.Later(errors.New(why))
}

// park has the server come to rest, and then the main loop execute program. After
// an error everything goes on.
func (d *daemon) park(ctx context.Context, program *upgrade.Program, resolved []byte) (err error) {
	ctx, cancel := context.WithTimeout(ctx, parkLimit)
	defer cancel()
	if d.own.server.parked, err = d.own.server.Park(ctx); err != nil {
		return fmt.Errorf("parking the connections: %w", err)
	}
	defer d.own.server.Resume()
	if !d.call(ctx, func() { err = d.exec(program, resolved) }) {
		return upgrade.ErrInterrupted
	}
	return err
}

// exec executes program. Nobody is answered from Park on, so it waits for nothing.
func (d *daemon) exec(program *upgrade.Program, resolved []byte) error {
	s, err := d.state()
	if err != nil {
		return err
	}
	document, err := json.Marshal(s)
	if err != nil {
		return err
	}
	secret, err := secretFor(d.generator) // after the state, which says whether it counts
	if err != nil {
		return err
	}
	defer clear(secret)
	return program.Exec(upgrade.Payload{
		Argv: os.Args, State: document, Resolved: resolved, Secret: secret, Keep: s.Descriptors,
		Signals: handled(), Caught: d.signals, Interrupted: d.toldToStop,
		// The next program has read its configuration, and is the upgrade.
		Harmless: []os.Signal{syscall.SIGHUP, syscall.SIGUSR2},
		Files:    d.paths(), PIDFile: d.own.pidFile.descriptor(),
	})
}

// state is the document for the next program.
func (d *daemon) state() (*state, error) {
	s := newState()
	o := d.origin
	o.Parked = time.Now()
	o.Upgrades++
	o.Reload = d.changes.waiting(control.Reload)
	var ready []int
	if fd := d.own.ready.FD(); fd > 0 {
		o.ReadyFD, ready = fd, []int{fd}
	}
	if err := s.put("origin", o, ready...); err != nil {
		return nil, fmt.Errorf("handing over the origin: %w", err)
	}
	if err := s.put("settings", d.settings.Load()); err != nil {
		return nil, fmt.Errorf("handing over the settings: %w", err)
	}
	if err := handOverAll(d.parts, s); err != nil {
		return nil, err
	}
	return s, handOverAdmin(d.admin, s)
}

// paths are the files that the process removes at its end.
func (d *daemon) paths() (paths []string) {
	for _, p := range []*listeners{d.own.clients, d.own.control} {
		for _, l := range p.set.Listeners() {
			if path := l.Address().Path; path != "" {
				paths = append(paths, path)
			}
		}
	}
	if path := d.settings.Load().PIDFile.Path; path != "" {
		paths = append(paths, path)
	}
	return paths
}

// sameProgram reports whether the program file is the one that runs.
func (d *daemon) sameProgram() bool {
	info, err := os.Stat(d.origin.File.Path)
	return err == nil && process.FileID(info) == d.origin.File.ID
}

// toldToStop reports whether a signal waits for the main loop that ends the daemon.
func (d *daemon) toldToStop() (told bool) {
	for range len(d.signals) {
		s := <-d.signals
		told = told || s == syscall.SIGTERM || s == syscall.SIGINT
		d.signals <- s
	}
	return told
}

// resume goes on where the program before this one stopped. Nothing here is worth
// ending for: clients wait.
func (d *daemon) resume(s *state, next *config.Settings, from string) {
	if err := adoptAll(d.parts, s); err != nil {
		d.log.WithError(err).Error("something was lost in the upgrade")
	}
	d.own.sources.Attach(d.generator)
	for _, p := range d.parts {
		c, err := p.prepare(context.Background(), next, adopting)
		if err == nil {
			err = c.Commit()
		}
		if err != nil {
			d.log.WithError(err).Errorf("%s is what it was before the upgrade", p.name)
		}
	}
	d.settings.Store(next)
	d.announced = d.generator.State() == prng.Seeded
	d.admin = d.newAdmin()
	d.warn(adoptAdmin(d.admin, s))
	d.log.WithField("from", from).WithField("to", d.origin.Program).WithField("connections", d.own.server.inherited).
		WithField("ms", fmt.Sprintf("%.1f", time.Since(d.origin.Parked).Seconds()*1000)).Info("upgraded")
	problems(d.log, next)
}

// catchUp reloads what changed during the upgrade by which this program came: it was
// asked for, or the configuration is not the one that the preflight has read. A SIGHUP
// that came in the exec itself is gone.
func (d *daemon) catchUp() {
	now := d.settings.Load()
	next, _, err := resolve(now.Options, d.origin.Owner, now)
	if d.origin.Reload || err != nil || !next.SameText(now) {
		d.changes.submit(control.Reload)
	}
}
