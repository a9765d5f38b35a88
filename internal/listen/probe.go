package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"sync"
	"time"

	"prngd/egdproto"
	"prngd/internal/control"
)

// Probe makes a connection to every socket, by its path or address, and a request
// if [Config.Ask] says how. It takes no longer than ctx.
func (s *Set) Probe(ctx context.Context) []control.Check {
	sockets := s.Listeners()
	checks := make([]control.Check, len(sockets))
	var wg sync.WaitGroup
	for i, l := range sockets {
		c := &checks[i]
		*c = control.Check{What: "answer of " + l.Address().String(), Asked: "yes", Is: "yes"}
		wg.Go(func() {
			if err := s.probe(ctx, l); err != nil {
				c.Is = fmt.Sprintf("no: %v", err)
			}
		})
	}
	wg.Wait()
	if !s.config.Critical || len(checks) == 0 {
		return checks
	}
	for _, c := range checks {
		if c.Is == c.Asked {
			return checks
		}
	}
	for i := range checks {
		checks[i].Critical = true // nobody is served
	}
	return checks
}

// errNoAnswer is the error of a probe that its context has ended.
var errNoAnswer = errors.New("no answer in time")

func (s *Set) probe(ctx context.Context, l *Listener) error {
	at := dialed(l)
	if from, err := netip.ParseAddr(at.Host); err == nil && !l.Allows(from) {
		return nil // an attempt would count as a refused client
	}
	network, address := at.Dial()
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if errors.Is(err, fs.ErrPermission) {
		return nil // its mode keeps us out as well, now that we are no longer root
	}
	if err != nil {
		return orNoAnswer(ctx, err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })()
	if s.config.Ask == nil {
		return nil
	}
	return orNoAnswer(ctx, s.config.Ask(c))
}

// orNoAnswer is err, or errNoAnswer if that comes of the end of ctx. A dialer notices
// its deadline before the context does.
func orNoAnswer(ctx context.Context, err error) error {
	timeout, _ := errors.AsType[net.Error](err)
	if err != nil && (ctx.Err() != nil || timeout != nil && timeout.Timeout()) {
		return errNoAnswer
	}
	return err
}

// dialed is the address at which this host reaches l.
func dialed(l *Listener) egdproto.Address {
	a := l.Address()
	addr, err := netip.ParseAddr(a.Host)
	switch {
	case err != nil || !addr.IsUnspecified():
	case addr.Is4():
		a.Host = "127.0.0.1"
	default:
		a.Host = "::1"
	}
	return a
}

// AskEGD makes the shortest request of the EGD protocol, command 0, and waits for
// its reply.
func AskEGD(c net.Conn) error {
	_, err := egdproto.NewClient(c).Level()
	return err
}
