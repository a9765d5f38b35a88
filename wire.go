package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/prng"
	"prngd/process"
	"prngd/seedfile"
	"prngd/server"
)

// daemon is what is connected to what.
type daemon struct {
	started    time.Time
	foreground bool // logs to standard error unless told otherwise
	settings   atomic.Pointer[settings]
	sink       *logSink
	log        *logrus.Logger
	pool       *prng.Pool
	doubts     *doubts
	runner     *gatherers.Runner
	server     *server.Server
	seed       atomic.Pointer[seedfile.File]
	pidFile    *process.PIDFile
	calls      chan func() // run by the main loop

	mu        sync.Mutex
	places    []place // what is listened on
	gathering []gatherers.Gatherer
	regather  context.CancelFunc // makes the runner start anew
	exchanges []exchangeFile
	seedError string // why no seed file is kept
}

// stopTime bounds how long an ending daemon waits for its disk.
const stopTime = 700 * time.Millisecond

// serve is the daemon's life.
func serve(started time.Time, s *settings, parent *process.Parent) error {
	list, err := sources(s.Config)
	if err != nil {
		return exitError{exitConfig, fmt.Errorf("%s: %w", s.path, err)}
	}
	if err := prng.SelfTest(); err != nil {
		return exitError{exitInternal, err}
	}
	foreground := parent == nil
	sink, err := newLogger(s.Log.Target, s.Log.Level, s.Log.Format, foreground)
	if err != nil {
		return err
	}
	defer sink.Close(stopTime)
	d := &daemon{
		started: started, foreground: foreground, sink: sink, log: sink.Log,
		gathering: list, doubts: newDoubts(), calls: make(chan func()),
	}
	d.settings.Store(s)
	d.warn(process.Undumpable())
	if err := d.open(s); err != nil {
		d.shut()
		return err
	}
	return d.run(parent)
}

// open makes everything that must be there before a client can be served:
// generator, pid file, sockets.
func (d *daemon) open(s *settings) (err error) {
	d.pool, err = prng.New(prng.Env{
		Clocks:   gatherers.Clocks(),
		Kernel:   gatherers.KernelBytes,
		Doubt:    d.doubts.ask,
		Personal: personalization(d.started),
	})
	if err != nil {
		return exitError{exitInternal, err}
	}
	if s.options.PIDFile != "" {
		if d.pidFile, err = process.WritePIDFile(s.options.PIDFile, os.Getpid()); err != nil {
			return err
		}
	}
	d.server = server.New(d.serverConfig(s))
	d.runner = gatherers.NewRunner(d.mix, d.log)
	d.places, err = listen(s, d.log)
	return err
}

// run serves until a signal ends it.
func (d *daemon) run(parent *process.Parent) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	serving, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	failed := make(chan error, 1)
	go func() { failed <- d.server.Serve(serving, listeners(d.places)); close(failed) }()
	var tasks sync.WaitGroup
	for _, task := range d.tasks() {
		tasks.Go(func() { task(ctx) })
	}
	if os.Getpid() == 1 {
		go process.Reap(ctx)
	}
	d.hello()
	if err := parent.Ready(); err != nil {
		return err
	}
	err := d.attend(signals, failed)
	process.Notify("STOPPING=1")
	cancel()
	waitFor(&tasks, stopTime)
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
		d.gather, d.insist, d.keepSeed, d.keepExchanges, d.watchPlaces, d.watchClones,
		d.announce, d.answerAdmin, d.notifyReady, d.feedWatchdog,
	}
}

// attend answers signals until one of them, or the server, ends the daemon.
func (d *daemon) attend(signals <-chan os.Signal, failed <-chan error) error {
	for {
		select {
		case s := <-signals:
			if s != syscall.SIGHUP {
				d.log.WithField("signal", s.String()).Info("stopping")
				return nil
			}
			d.reload()
		case call := <-d.calls:
			call()
		case err := <-failed:
			return err
		}
	}
}

// shut gives back what open took, as far as it came.
func (d *daemon) shut() {
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

// waitFor waits for wg, but no longer than limit: a hung gatherer or disk does
// not keep a daemon from ending.
func waitFor(wg *sync.WaitGroup, limit time.Duration) {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
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
