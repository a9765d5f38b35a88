package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/listen"
	"prngd/internal/process"
)

// changeTime bounds how long a change of the sockets waits for host names.
const changeTime = 10 * time.Second

// newListeners makes the sets of sockets: for EGD clients, and for the admin.
func (d *daemon) newListeners() {
	d.listeners = listen.NewSet(listen.Config{
		Log: d.log, Serve: func(l *listen.Listener) { d.server.Add(l) }, Ask: listen.AskEGD, Critical: true,
	})
	d.control = listen.NewSet(listen.Config{Log: d.log, Name: "control socket"})
}

// openListeners opens the sockets, or takes over those that were inherited. A
// daemon without a control socket does its work all the same.
func (d *daemon) openListeners(s *config.Settings) error {
	mode := listen.Start
	if h := d.legacy; h != nil {
		d.warn(errors.Join(d.listeners.Adopt(h.Listeners), d.control.Adopt(h.Control)))
		mode = listen.Adopted
	} else {
		control, egd := listen.At(s.Status.Address, process.Listeners())
		d.warn(errors.Join(d.listeners.AdoptFiles(egd), d.control.AdoptFiles(control)))
	}
	if err := prepareAndCommit(d.control, listen.Adopted, d.listenOptions(s.Status)); err != nil {
		return err
	}
	return prepareAndCommit(d.listeners, mode, d.listenOptions(s.Listen...))
}

func prepareAndCommit(set *listen.Set, mode listen.Mode, lines []listen.Options) error {
	c, err := set.Prepare(context.Background(), lines, mode)
	if err != nil {
		return err
	}
	return c.Commit()
}

// prepareListeners prepares the sockets of s for a reload: all of them, or none.
func (d *daemon) prepareListeners(s *config.Settings) (change.All, error) {
	ctx, cancel := context.WithTimeout(d.life, changeTime)
	defer cancel()
	egd, err := d.listeners.Prepare(ctx, d.listenOptions(s.Listen...), listen.Strict)
	if err != nil {
		return nil, err
	}
	control, err := d.control.Prepare(ctx, d.listenOptions(s.Status), listen.Strict)
	if err != nil {
		egd.Rollback()
		return nil, err
	}
	return change.All{egd, control}, nil
}

func (d *daemon) listenOptions(sockets ...config.Socket) (lines []listen.Options) {
	for _, s := range sockets {
		o := listen.Options{Address: s.Address, Mode: s.Mode, GID: s.GID, Allow: s.Allow, Where: s.Where}
		if s.Where == "default" {
			o.Where, o.Default = "", true
		}
		dir, own := filepath.Dir(s.Address.Path), defaultPaths(d.owner)
		if d.owner != 0 && s.Address.Network == "unix" && (dir == filepath.Dir(own.Socket) || dir == filepath.Dir(own.Status)) {
			o.Directory = &listen.Directory{Mode: 0o700, UID: -1, GID: -1, Private: true} // it may lie where all may write
		}
		lines = append(lines, o)
	}
	return lines
}

// relistenAll has the kernel tell clients which process serves them, not which
// has bound the sockets: prngd -k goes by that.
func (d *daemon) relistenAll() {
	d.listeners.Relisten()
	d.control.Relisten()
}

// logListeners tells where clients find the daemon.
func (d *daemon) logListeners() {
	for _, l := range d.listeners.Listeners() {
		d.log.WithField("address", l.Address()).Info("listening")
	}
}

func (d *daemon) reportListeners() (list []control.Socket) {
	for _, st := range d.listeners.Report() {
		list = append(list, control.Socket{Address: st.Address, Missing: st.Missing, Error: st.Error})
	}
	return list
}

func (d *daemon) checkListeners() (checks []control.Check) {
	for _, set := range []*listen.Set{d.listeners, d.control} {
		for _, c := range set.Checks() {
			checks = append(checks, control.Check(c))
		}
	}
	return checks
}
