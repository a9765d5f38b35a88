package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"prngd/egdproto"
	"prngd/gatherers"
	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/listen"
	"prngd/internal/logging"
	"prngd/internal/peercred"
	"prngd/internal/sources"
	"prngd/seedfile"
)

// checkConfig is a start without the commit: it prepares everything, takes one
// sample of every source, prints a line for each, and leaves nothing behind. What
// it refuses does not start, and its exit status is that of the start; it alone
// refuses lines that a start skips. A daemon of this configuration that runs
// already is no obstacle: a restart ends it first.
func checkConfig(version string, o config.Options, stdout io.Writer) error {
	s, skipped, err := resolve(o, os.Getuid(), nil)
	for _, problem := range skipped {
		fmt.Fprintln(stdout, problem)
	}
	if err != nil {
		return startError(err)
	}
	d, lacks, err := prepared(version, s)
	var inUse error
	if errors.Is(err, listen.ErrInUse) { // the rest is worth knowing, too
		inUse = err
		d, lacks, err = preparedWithoutSockets(version, s)
	}
	if err != nil {
		return startError(err)
	}
	for _, err := range lacks {
		fmt.Fprintln(stdout, "degraded", oneLine(err))
	}
	found, all := 0, d.own.sources.List()
	for _, r := range trial(all) {
		fmt.Fprintln(stdout, r.text)
		if r.found {
			found++
		}
	}
	fmt.Fprintf(stdout, "found=%d missing=%d rejected=%d\n", found, len(all)-found+s.Undef, s.Rejected)
	if inUse != nil {
		return startError(inUse)
	}
	if s.Rejected > 0 {
		return exitError{change.ExitNever, fmt.Errorf("%s: %d lines rejected", s.Path, s.Rejected)}
	}
	return nil
}

// prepared is a daemon whose start was prepared and rolled back, but for its
// sources, which can be sampled. What the daemon of this configuration has that
// runs already is left alone.
func prepared(version string, s *config.Settings) (*daemon, []error, error) {
	pid := runningDaemon(s)
	return prepare(version, s, pid, func(l config.Socket) bool { return pid > 0 && servedBy(l.Address, pid) })
}

// preparedWithoutSockets is like prepared for a program that does not listen.
func preparedWithoutSockets(version string, s *config.Settings) (*daemon, []error, error) {
	return prepare(version, s, 0, func(config.Socket) bool { return true })
}

// prepare prepares a start and rolls it back, but for the sources. The sockets for
// which served is true are left alone, and the pid file if it names pid. It also
// returns what the daemon would have gone without.
func prepare(version string, s *config.Settings, pid int, served func(config.Socket) bool) (*daemon, []error, error) {
	sink, err := onStderr()
	if err != nil {
		return nil, nil, err
	}
	d, err := build(origin{Program: version, Foreground: true, Owner: os.Getuid()}, s, sink)
	if err != nil {
		return nil, nil, err
	}
	d.own.clients.served, d.own.control.served = served, served
	d.own.pidFile.ignore(s.PIDFile.Path, pid)
	d.own.commands.start(s)
	if err := adoptAll(d.parts, nil); err != nil {
		return nil, nil, err
	}
	all, err := prepareAll(context.Background(), d.parts, s, starting)
	if err != nil {
		return nil, nil, err
	}
	lacks := slices.DeleteFunc(all.Lacks(), func(err error) bool {
		return pid > 0 && errors.Is(err, seedfile.ErrInUse) // a restart ends the daemon that has the file
	})
	for i, c := range slices.Backward(all) {
		if d.parts[i].part == d.own.sources {
			err = c.Commit()
		} else {
			c.Rollback()
		}
	}
	return d, lacks, err
}

// prepareFrom prepares every part from what the daemon that serves holds, and rolls
// that back.
func prepareFrom(next *config.Settings, s *state) error {
	sink, err := onStderr()
	if err != nil {
		return err
	}
	d, err := build(origin{Owner: next.Owner, Foreground: true}, next, sink)
	if err != nil {
		return err
	}
	if err := adoptAll(d.parts, s); err != nil {
		return err
	}
	defer d.own.clients.set.Release()
	defer d.own.control.set.Release()
	all, err := prepareAll(context.Background(), d.parts, next, reloading)
	if err != nil {
		return err
	}
	all.Rollback()
	return nil
}

// onStderr is the log of a program that does not serve.
func onStderr() (*logging.Sink, error) {
	return logging.New(logging.Settings{Target: "stderr", Level: "warn", Foreground: true})
}

// dialLimit is how long a check waits for a daemon that runs already.
const dialLimit = time.Second

// runningDaemon returns the pid of the daemon that serves the control socket of s,
// as the kernel names it, or 0.
func runningDaemon(s *config.Settings) int {
	conn, err := net.DialTimeout("unix", s.Status.Address.Path, dialLimit)
	if err != nil {
		return 0
	}
	defer conn.Close()
	peer, err := peercred.OfConn(conn)
	if err != nil {
		return 0
	}
	return peer.PID
}

// servedBy reports whether the process pid answers at a: for a Unix socket as the
// kernel says, else as command 04 says.
func servedBy(a egdproto.Address, pid int) bool {
	network, address := a.Dial()
	conn, err := net.DialTimeout(network, address, dialLimit)
	if err != nil {
		return false
	}
	defer conn.Close()
	if a.Network == "unix" {
		peer, err := peercred.OfConn(conn)
		return err == nil && peer.PID == pid
	}
	conn.SetDeadline(time.Now().Add(dialLimit))
	answer, err := egdproto.NewClient(conn).PID()
	return err == nil && answer == strconv.Itoa(pid)
}

// result is one sample of a trial.
type result struct {
	text  string
	found bool
}

// trial samples every source once, all at the same time, in the order of list.
func trial(list []gatherers.Gatherer) []result {
	results := make([]result, len(list))
	var all sync.WaitGroup
	for i, g := range list {
		all.Go(func() { results[i] = try(g) })
	}
	all.Wait()
	return results
}

// try describes one sample of g.
func try(g gatherers.Gatherer) result {
	if g.Lane != nil {
		g.Lane <- struct{}{}
		defer func() { <-g.Lane }()
	}
	limit := g.Limit
	if limit == 0 {
		limit = min(g.Every, time.Minute)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	began := time.Now()
	data, err := g.Take(ctx)
	took := float64(time.Since(began).Microseconds()) / 1000
	defer clear(data)
	var uncredited gatherers.Uncredited
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return result{fmt.Sprintf("missing  %s: not on this system", g.Name), false}
	case err != nil && !errors.As(err, &uncredited):
		return result{fmt.Sprintf("missing  %s: %v", g.Name, err), false}
	}
	return result{fmt.Sprintf("found    %s: %d bytes, %.1f ms, %d bits credited", g.Name, len(data), took, g.Credit.Bits(len(data))), true}
}

// sample prints raw samples of one gatherer for an estimator.
func sample(version string, o config.Options, stdout io.Writer) error {
	s, _, err := resolve(o, os.Getuid(), nil)
	if err != nil {
		return startError(err)
	}
	d, _, err := preparedWithoutSockets(version, s)
	if err != nil {
		return startError(err)
	}
	list := d.own.sources.List()
	for _, g := range list {
		if g.Name == o.Sample {
			return gatherers.Sample(context.Background(), g, max(o.Count, 1), stdout)
		}
	}
	return fmt.Errorf("--sample %q: expected one of %s", o.Sample, strings.Join(sources.Names(list), ", "))
}
