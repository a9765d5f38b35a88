package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/internal/commands"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/logging"
	"prngd/internal/privileges"
	"prngd/internal/prng"
	"prngd/internal/process"
	"prngd/internal/server"
	"prngd/internal/sources"
	"prngd/seedfile"
)

// daemon is what is connected to what.
type daemon struct {
	program    Program
	started    time.Time
	foreground bool // logs to standard error unless told otherwise
	settings   atomic.Pointer[config.Settings]
	sink       *logging.Sink
	log        *logrus.Logger
	pool       *prng.Generator
	sources    *sources.Sources
	server     *server.Server
	seed       atomic.Pointer[seedfile.File]
	pidFile    *process.PIDFile
	commands   commandRunner
	calls      chan func() // run by the main loop
	signals    chan os.Signal
	life       context.Context // ends when the daemon is told to
	round      *round
	owner      int              // the uid that started us
	account    *privileges.User // whom we become, or have become; nil: nobody else
	protection control.Process
	path       string // of our program file

	legacy    *handover       // nil: not the program of an upgrade
	before    *control.Report // of the program before us
	announced bool            // that we are seeded

	mu        sync.Mutex
	attempt   *attempt
	control   place
	places    []place // what is listened on
	exchanges []exchangeFile
	restir    context.CancelFunc // makes the keepers of exchange files start anew
	seedError string             // why no seed file is kept

	recalled bool // the seed file: only keepSeed asks
}

// stopTime bounds how long an ending daemon waits for its disk.
const stopTime = 700 * time.Millisecond

// serve is the daemon's life.
func (p Program) serve(started time.Time, s *config.Settings, parent *process.Parent, legacy *handover) error {
	with, err := startRunner(s, legacy) // before there is any secret
	if err != nil {
		return err
	}
	if err := prng.SelfTest(); err != nil {
		return exitError{exitInternal, err}
	}
	foreground := parent == nil && (legacy == nil || legacy.Foreground)
	to := logTo(s, foreground)
	sink, err := logging.New(to)
	if err != nil && legacy != nil { // clients wait already: better a log elsewhere
		to.Target = ""
		sink, err = logging.New(to)
	}
	if err != nil {
		return err
	}
	defer sink.Close(stopTime)
	d := &daemon{
		program: p, started: started, foreground: foreground, sink: sink, log: sink.Log,
		commands: with, calls: make(chan func()),
		owner: starter(legacy), legacy: legacy,
	}
	d.settings.Store(s)
	if d.sources, err = newSources(s, sink.Log, with, legacy); err != nil {
		return err
	}
	d.remember()
	d.warn(privileges.Undumpable())
	if err := d.open(s); err != nil {
		d.shut()
		return err
	}
	return d.run(parent)
}

// open makes everything that must be there before a client can be served:
// generator, pid file, sockets.
func (d *daemon) open(s *config.Settings) (err error) {
	d.pool, err = prng.New(prng.Env{
		Clocks:                gatherers.Clocks(),
		Kernel:                gatherers.KernelBytes,
		CloneEvent:            d.sources.CloneEvent,
		PersonalizationString: personalization(time.Now()),
	})
	if err != nil {
		return exitError{exitInternal, err}
	}
	if err := d.grave(d.openPIDFile(s.PIDFile.Path)); err != nil {
		return err
	}
	d.server = server.New(d.serverConfig(s))
	d.sources.Attach(d.pool)
	d.sources.SampleKernel()
	d.chooseAccount(s)
	d.warn(d.makeDirectories(s))
	if err := d.openPlaces(s); err != nil {
		return err
	}
	d.openControl()
	if d.legacy != nil {
		d.takeOver(d.legacy)
	}
	d.openExchanges(s.Exchange)
	return d.protect(s)
}

// run serves until a signal ends it.
func (d *daemon) run(parent *process.Parent) error {
	if d.signals == nil {
		d.signals = newSignals()
	}
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d.life = ctx

	serving, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	failed := make(chan error, 1)
	go func() { failed <- d.server.Serve(serving, listeners(d.places)); close(failed) }()
	d.beginRound()
	if os.Getpid() == 1 {
		go commands.Reap(ctx)
	}
	d.hello()
	if err := parent.Ready(); err != nil {
		return err
	}
	err := d.attend(failed)
	process.Notify("STOPPING=1")
	cancel()
	waitFor(&d.round.tasks, stopTime)
	// Connections close last: their end tells prngd -k that all is done.
	d.shut()
	hangUp()
	<-failed
	d.log.Info("stopped")
	return err
}

// tasks is all that goes on beside serving, each on a goroutine of its own.
func (d *daemon) tasks() []func(context.Context) {
	return []func(context.Context){
		d.sources.Run, d.keepSeed, d.keepExchanges, d.watchPlaces,
		d.announce, d.answerAdmin, d.notifyReady, d.feedWatchdog,
	}
}

// attend answers signals until one of them, or the server, ends the daemon.
func (d *daemon) attend(failed <-chan error) error {
	for {
		select {
		case s := <-d.signals:
			switch s {
			case syscall.SIGHUP:
				d.reload()
			case syscall.SIGUSR2:
				go d.upgrade(d.life)
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

// shut gives back what open took, as far as it came.
func (d *daemon) shut() {
	d.control.close()
	for _, p := range d.places {
		p.close()
	}
	d.warn(d.pidFile.Remove())
}

// hello says where clients find us.
func (d *daemon) hello() {
	for _, p := range d.places {
		for _, l := range p.listeners {
			d.log.WithField("address", l.Address()).Info("listening")
		}
	}
}

func (d *daemon) warn(err error) {
	if err != nil {
		d.log.Warn(err)
	}
}

// waitFor waits for wg, but no longer than limit, and says whether that was
// enough: a hung gatherer or disk does not keep a daemon from ending.
func waitFor(wg *sync.WaitGroup, limit time.Duration) bool {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}

// personalization separates this generator from every other: program, machine,
// process, moment (SP 800-90A, 8.7.1). None of it is secret or counted.
func personalization(started time.Time) []byte {
	machine := sha256.Sum256(append([]byte("prngd/1 personalization "), seedfile.MachineID()...))
	b := append([]byte("prngd/1"), machine[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(os.Getpid()))
	return binary.BigEndian.AppendUint64(b, uint64(started.UnixNano()))
}
