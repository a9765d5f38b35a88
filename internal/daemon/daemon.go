package daemon

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/internal/commands"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/kernelrng"
	"prngd/internal/listen"
	"prngd/internal/logging"
	"prngd/internal/privileges"
	"prngd/internal/prng"
	"prngd/internal/process"
	"prngd/internal/sources"
	"prngd/internal/ticker"
)

// daemon is one daemon: its parts, and the settings that they have committed.
type daemon struct {
	origin    origin
	settings  atomic.Pointer[config.Settings]
	log       *logrus.Logger
	generator *prng.Generator
	parts     []named // in the order in which they prepare and commit
	own       own
	verifier  *verifier
	changes   *changes
	admin     *control.Server
	tasks     *tasks
	announced bool // that the generator is seeded
	signals   chan os.Signal
	calls     chan func()     // run by the main loop
	life      context.Context // ends when the daemon is told to end
}

// own are the parts that the daemon calls by name, and what it tells about itself.
type own struct {
	log      *logPart
	commands *commandRunner
	sources  *sourcesPart
	server   *serverPart
	clients  *listeners
	control  *listeners
	seed     *seed
	exchange *exchange
	pidFile  *pidFile
	parent   *process.Parent  // waits for the sockets to answer; nil: nobody
	ready    *process.ReadyFD // of a supervisor; nil: there is none
}

// stopLimit bounds how long an ending daemon waits for its disk.
const stopLimit = 700 * time.Millisecond

// build makes a daemon that holds nothing yet.
func build(o origin, s *config.Settings, sink *logging.Sink) (*daemon, error) {
	d := &daemon{origin: o, log: sink.Log, calls: make(chan func()), signals: make(chan os.Signal, 8)}
	d.warn(privileges.Undumpable()) // before there is any secret
	d.own.log = &logPart{Sink: sink, foreground: o.Foreground}
	d.own.commands = &commandRunner{log: d.log}
	d.own.sources = newSources(sources.Options{Log: d.log, ReseedKernel: kernelrng.Reseed, Ticker: ticker.Run}, d.own.commands, o.Owner)
	var err error
	d.generator, err = prng.New(prng.Env{
		Clocks:     gatherers.Clocks(),
		Kernel:     gatherers.KernelBytes,
		KernelCall: func(b []byte) bool { return gatherers.ReadKernel(b) != gatherers.KernelMissing },
		Event:      d.own.sources.event,

		PersonalizationString: personalization(time.Now()),
	})
	if err != nil {
		return nil, exitError{exitInternal, err}
	}
	d.own.server = newServer(d.generator, d.log)
	d.own.clients = newClients(d.log, d.own.server.Add)
	d.own.control = newControl(d.log)
	d.own.seed = &seed{log: d.log, generator: d.generator, owner: func() int { return uidOf(s) }}
	d.own.exchange = &exchange{log: d.log, generator: d.generator}
	d.own.pidFile = &pidFile{log: d.log}
	d.parts = []named{
		{"log", d.own.log},
		{"commands", d.own.commands},
		{"sources", d.own.sources},
		{"generator", &generatorPart{d.generator, func() { d.own.sources.SampleKernel() }, o.Started}},
		{"clients", d.own.clients},
		{"control", d.own.control},
		{"server", d.own.server}, // after the sockets: it judges open connections by them
		{"seed", d.own.seed},
		{"exchange", d.own.exchange},
		{"pidfile", d.own.pidFile},
		{"identity", &identity{log: d.log, before: sink.Give, after: d.relisten}},
	}
	d.verifier = &verifier{parts: d.parts}
	d.changes = newChanges(map[string]func(context.Context) error{control.Reload: d.reload, control.Upgrade: d.upgrade})
	return d, nil
}

// relisten has the kernel tell clients which process serves them, and with which
// user: prngd -k goes by that.
func (d *daemon) relisten() {
	d.own.clients.set.Relisten()
	d.own.control.set.Relisten()
}

// start prepares and commits everything, from nothing. After an error nothing is
// left of it; one of type endedBy is a signal's. A start that has not ended limit
// after a signal ends the process.
func (d *daemon) start(s *config.Settings, limit time.Duration) error {
	d.takeSignals()
	ctx, done := interruptible(limit)
	defer done()
	d.own.commands.start(s) // before there is any secret
	if err := adoptAll(d.parts, nil); err != nil {
		return err
	}
	d.own.sources.Attach(d.generator)
	if err := d.adoptSupervised(s); err != nil {
		d.log.Warn(err)
	}
	all, err := prepareAll(ctx, d.parts, s, starting)
	if err != nil {
		return startError(cmp.Or(context.Cause(ctx), err))
	}
	if err := commitStart(d.parts, all); err != nil {
		return startError(err)
	}
	d.settings.Store(s)
	d.admin = d.newAdmin()
	problems(d.log, s)
	return nil
}

// adoptSupervised takes over the sockets that a supervisor has opened.
func (d *daemon) adoptSupervised(s *config.Settings) error {
	files := process.Listeners()
	if len(files) == 0 {
		return nil
	}
	control, clients := listen.At(s.Status.Address, files)
	if err := d.own.control.set.AdoptFiles(control); err != nil {
		return err
	}
	return d.own.clients.set.AdoptFiles(clients)
}

// serve serves until a signal ends the daemon.
func (d *daemon) serve() error {
	life, end := context.WithCancel(context.Background())
	defer end()
	d.life = life
	serving, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	failed := make(chan error, 1)
	go func() { failed <- d.own.server.Serve(serving, d.own.clients.set.Listeners()); close(failed) }()
	d.startTasks()
	for _, task := range []func(context.Context){d.changes.run, d.feedWatchdog, d.verifier.run, d.watchRefusal} {
		go task(life)
	}
	go returnMemory(life, d.own.server.Server)
	if d.origin.Upgrades > 0 {
		go d.catchUp()
	}
	if os.Getpid() == 1 {
		go commands.Reap(life)
	}
	d.logListeners()
	err := d.own.parent.Ready()
	if err == nil {
		err = d.handleSignals(failed)
	}
	d.stop(end)
	// Connections close last: their end tells prngd -k that all is done.
	hangUp()
	<-failed
	d.log.Info("stopped")
	d.own.log.Close(stopLimit)
	return err
}

// startTasks starts all that goes on beside serving and ends before an exec.
func (d *daemon) startTasks() {
	d.tasks = startTasks(d.life, d.tasks,
		d.own.sources.Run, d.own.seed.run, d.own.exchange.run,
		d.own.clients.set.Watch, d.own.control.set.Watch,
		d.announce, d.answerAdmin, d.notifyReady,
	)
}

// handleSignals answers signals until one of them, or the server, ends the daemon.
// Nothing that it calls waits.
func (d *daemon) handleSignals(failed <-chan error) error {
	for {
		select {
		case s := <-d.signals:
			switch s {
			case syscall.SIGHUP:
				d.changes.submit(control.Reload)
			case syscall.SIGUSR2:
				d.changes.submit(control.Upgrade)
			default:
				d.log.WithField("signal", s.String()).Info("stopping")
				return nil
			}
		case call := <-d.calls:
			call()
		case err := <-failed:
			return err
		}
	}
}

// stop ends the tasks and gives up what the parts hold. A disk that does not
// answer is not waited for.
func (d *daemon) stop(end context.CancelFunc) {
	_ = process.Notify("STOPPING=1")
	end()
	d.tasks.stop(stopLimit)
	closed := make(chan struct{})
	go func() { closeAll(d.parts); close(closed) }()
	select {
	case <-closed:
	case <-time.After(stopLimit):
	}
}

// call has the main loop run f, and reports whether it has. A daemon that is
// ending does not.
func (d *daemon) call(ctx context.Context, f func()) bool {
	done := make(chan struct{})
	select {
	case d.calls <- func() { f(); close(done) }:
		<-done
		return true
	case <-d.life.Done():
	case <-ctx.Done():
	}
	return false
}

// logListeners logs where clients connect.
func (d *daemon) logListeners() {
	for _, l := range d.own.clients.set.Listeners() {
		d.log.WithField("address", l.Address()).Info("listening")
	}
}

// oneLine puts the errors of several lines of prngd.conf on one line of the log.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func (d *daemon) warn(err error) {
	if err != nil {
		d.log.Warn(err)
	}
}

// resolve makes settings of command line and prngd.conf. now is what is in effect,
// nil at a start.
func resolve(o config.Options, owner int, now *config.Settings) (*config.Settings, []config.Problem, error) {
	env := config.System(owner)
	env.Now = now
	return config.Resolve(o, env)
}

// reload is the change to what the configuration says now. It happens whole or
// not at all.
func (d *daemon) reload(ctx context.Context) error {
	d.warn(process.Reloading())
	defer process.Notify("READY=1")
	old := d.settings.Load()
	next, _, err := resolve(old.Options, d.origin.Owner, old)
	if err == nil {
		err = d.change(ctx, next)
	}
	if err != nil {
		d.log.WithField("error", oneLine(err)).Error("not reloaded: the old configuration stays")
		return err
	}
	d.log.WithField("path", next.Path).Info("reloaded")
	problems(d.log, next)
	for _, name := range d.pending(next) {
		d.log.WithField("directive", name).Warn("restart required")
	}
	return nil
}

// change prepares and commits next, and reads back what became of it.
func (d *daemon) change(ctx context.Context, next *config.Settings) error {
	all, err := prepareAll(ctx, d.parts, next, reloading)
	if err != nil {
		return err
	}
	d.settings.Store(next)
	err = all.Commit()
	d.verifier.verify(ctx)
	if err != nil {
		return fmt.Errorf("in effect, but not all of it: %w", err)
	}
	return nil
}

// pending names the directives of s that only a start puts into effect, and that
// are not what the process was started with.
func (d *daemon) pending(s *config.Settings) (names []string) {
	if d.origin.Owner != 0 {
		return nil
	}
	for _, c := range []struct {
		name    string
		changed bool
	}{
		{"user", s.User.Name != d.origin.User},
		{"command-user", d.own.commands.runner != nil && s.CommandUser.Name != d.origin.CommandUser},
	} {
		if c.changed {
			names = append(names, c.name)
		}
	}
	return names
}

// refusalEvery is how often a refused change is looked at again.
const refusalEvery = 10 * time.Second

// watchRefusal forgets a refusal when what was refused has been taken back.
func (d *daemon) watchRefusal(ctx context.Context) {
	for {
		refused := d.changes.refused()
		if refused == nil {
			select {
			case <-d.changes.noted:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(refusalEvery):
		case <-ctx.Done():
			return
		}
		now := d.settings.Load()
		next, _, err := resolve(now.Options, d.origin.Owner, now)
		if err == nil && next.SameText(now) && (refused.Kind != control.Upgrade || d.sameProgram()) {
			d.changes.forget(refused)
			d.log.Infof("%s no longer pending: the configuration is what it was", refused.Kind)
		}
	}
}
