package daemon

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/listen"
)

// lookUpLimit is how long a change waits for the names of its addresses.
const lookUpLimit = verifyLimit

// listeners is the part that listens for the clients of one protocol.
type listeners struct {
	name  string // of the section
	log   *logrus.Logger
	set   *listen.Set
	lines func(*config.Settings) []config.Socket
	// optional: a start goes on without these sockets, whatever is wrong with them.
	optional bool
	// served, if it is not nil, tells --check-config which sockets the daemon has
	// that a restart ends.
	served func(config.Socket) bool
}

// newClients returns the sockets of EGD clients.
func newClients(log *logrus.Logger, serve func(*listen.Listener)) *listeners {
	return &listeners{
		name:  "clients",
		log:   log,
		set:   listen.NewSet(listen.Config{Log: log, Serve: serve, Ask: listen.AskEGD, Critical: true}),
		lines: func(s *config.Settings) []config.Socket { return s.Listen },
	}
}

// newControl returns the control socket.
func newControl(log *logrus.Logger) *listeners {
	return &listeners{
		name: "control", optional: true,
		log:   log,
		set:   listen.NewSet(listen.Config{Log: log, Name: "control socket"}),
		lines: func(s *config.Settings) []config.Socket { return []config.Socket{s.Status} },
	}
}

// modeOf says what an inability means to the sockets.
func (p *listeners) modeOf(how manner) listen.Mode {
	switch {
	case how == adopting || how == starting && p.optional:
		return listen.Adopted
	case how == reloading:
		return listen.Strict
	}
	return listen.Start
}

func (p *listeners) prepare(ctx context.Context, next *config.Settings, how manner) (change.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpLimit)
	defer cancel()
	var lines []listen.Options
	for _, l := range p.lines(next) {
		if p.served != nil && p.served(l) {
			continue
		}
		lines = append(lines, listen.Options{
			Address: l.Address, Mode: l.Mode, GID: l.GID, Allow: l.Allow, Where: l.Where,
			Default: l.Where == "default", Directory: directoryOf(next, l.Address.Path),
		})
	}
	return p.set.Prepare(ctx, lines, p.modeOf(how))
}

// directoryOf says what is done about the directory of a default socket. That of
// an ordinary user may lie where everybody may write, and then the
// directory of somebody else would be a trap. That of root's control socket is
// given to the user that the daemon becomes, so that the socket can be made again.
func directoryOf(s *config.Settings, path string) *listen.Directory {
	own := s.Defaults
	switch dir := filepath.Dir(path); {
	case path == "":
	case s.Owner != 0 && (dir == filepath.Dir(own.Socket) || dir == filepath.Dir(own.Status)):
		return &listen.Directory{Mode: 0o700, UID: -1, GID: -1, Private: true}
	case s.Owner == 0 && path == own.Status:
		return &listen.Directory{Mode: 0o755, UID: s.User.UID, GID: s.User.GID}
	}
	return nil
}

func (p *listeners) report(r *control.Report) {
	if p.optional {
		return
	}
	for _, st := range p.set.Report() {
		r.Listeners = append(r.Listeners, control.Socket{Address: st.Address, Missing: st.Missing, Error: st.Error})
	}
}

// check asks every socket through itself, and reads back owner and mode.
func (p *listeners) check(ctx context.Context) []control.Check {
	return append(p.set.Checks(), p.set.Probe(ctx)...)
}

func (p *listeners) handOver(s *state) error {
	handed, err := p.set.HandOver()
	if err != nil {
		return err
	}
	return s.put(p.name, handed, handed.Descriptors()...)
}

func (p *listeners) adopt(s *state) error {
	var handed listen.State
	if found, err := s.get(p.name, &handed); !found {
		return err
	}
	if s.preflight {
		var err error
		if s.received, err = renumber(handed, s.received); err != nil {
			return err
		}
	}
	return p.set.Adopt(handed)
}

// renumber puts the copies that a preflight has received in the place of the
// sockets that were handed over, and returns the copies that are left.
func renumber(handed listen.State, received []int) (left []int, err error) {
	for i := range handed {
		for j := range handed[i].Sockets {
			if len(received) == 0 {
				return nil, errors.New("fewer listening sockets were received than handed over")
			}
			handed[i].Sockets[j].FD, received = received[0], received[1:]
		}
	}
	return received, nil
}

// copies returns copies of the sockets, in the order of the state document, which
// the caller closes. Their own descriptors are not of use here: a driver that has
// just begun to serve replaces them.
func (p *listeners) copies() (files []*os.File, err error) {
	for _, l := range p.set.Listeners() {
		f, err := l.File()
		if err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

func (p *listeners) close() { p.set.Close() }

// accept has serve accept on the socket, also on one that replaces it, until ctx
// ends. It serves copies: serving ends before an upgrade, the sockets do not.
func (p *listeners) accept(ctx context.Context, serve func(context.Context, net.Listener)) {
	var serving sync.WaitGroup
	defer serving.Wait()
	served := map[*listen.Listener]bool{}
	for {
		changed := p.set.Changed()
		for _, l := range p.set.Listeners() {
			if served[l] {
				continue
			}
			c, err := l.Copy() // it ends with l
			if err != nil {
				l.NoteAccept(err)
				p.log.WithField("address", l.Address()).WithError(err).Error("nobody is answered")
				continue
			}
			served[l] = true
			serving.Go(func() { serve(ctx, c) })
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
