package daemon

import (
	"context"
	"net"
	"os"
	"runtime"
	"time"

	"prngd/internal/change"
	"prngd/internal/control"
	"prngd/internal/privileges"
)

// newAdmin returns the server of the control socket.
func (d *daemon) newAdmin() *control.Server {
	return control.NewServer(control.Handler{
		Status: d.report, Fresh: d.own.sources.Fresh,
		Do: map[string]func(context.Context) error{
			control.Reseed:  d.reseed,
			control.Save:    d.own.seed.save,
			control.Reload:  d.changes.ask(control.Reload),
			control.Upgrade: d.changes.ask(control.Upgrade),
		},
		Owner: d.origin.Owner, Banned: d.own.commands.denied(),
	})
}

// answerAdmin serves the control socket until ctx ends.
func (d *daemon) answerAdmin(ctx context.Context) {
	d.own.control.accept(ctx, func(ctx context.Context, l net.Listener) { d.admin.Serve(ctx, l) })
}

// reseed holds replies until a reseed with noise that is sampled from now on.
func (d *daemon) reseed(ctx context.Context) error { return change.Later(d.own.sources.Reseed(ctx)) }

// adminState is the section of the control socket's clients, who wait for an answer.
type adminState struct {
	Upgrade []int         `json:"fds"` // asked for this upgrade
	Unread  []unreadState `json:"unread,omitempty"`
}

type unreadState struct {
	FD   int    `json:"fd"`
	Said string `json:"said,omitempty"`
}

// handOverAdmin hands over the clients of the control socket.
func handOverAdmin(admin *control.Server, s *state) error {
	var handed adminState
	var all []int
	for _, c := range admin.Unanswered() {
		if fd, err := descriptorOf(c); err == nil { // otherwise it has gone
			handed.Upgrade, all = append(handed.Upgrade, fd), append(all, fd)
		}
	}
	for _, u := range admin.Unread() {
		if fd, err := descriptorOf(u.Conn); err == nil {
			handed.Unread, all = append(handed.Unread, unreadState{fd, u.Said}), append(all, fd)
		}
	}
	return s.put("waiting", handed, all...)
}

// adoptAdmin tells the clients that asked for the upgrade that it is done, and has
// admin answer the others.
func adoptAdmin(admin *control.Server, s *state) error {
	var handed adminState
	if found, err := s.get("waiting", &handed); !found {
		return err
	}
	for _, fd := range handed.Upgrade {
		if c := clientOf(fd); c != nil {
			control.AnswerUpgrade(c)
		}
	}
	for _, u := range handed.Unread {
		if c, ok := clientOf(u.FD).(*net.UnixConn); ok {
			admin.Adopt(control.Unread{Conn: c, Said: u.Said})
		}
	}
	return nil
}

// clientOf makes a connection of an inherited descriptor; nil if it is none.
func clientOf(fd int) net.Conn {
	f := inherited(fd, "control client")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil
	}
	return c
}

// report is everything that an admin may ask for. It never waits: what was read
// back stands in the verifier.
func (d *daemon) report() control.Report {
	s := d.settings.Load()
	nice, _ := privileges.Nice()
	r := control.Report{
		Version: control.Version, Program: "prngd " + d.origin.Program,
		PID: os.Getpid(), UID: os.Getuid(),
		Started: d.origin.Started.UTC(), Now: time.Now().UTC(),
		Process: control.Process{Upgrades: d.origin.Upgrades, Nice: nice, Goroutines: runtime.NumGoroutine(), Heap: heapBytes()},
		Config: control.Config{
			Path: s.Path, Commands: len(s.Commands), Undef: s.Undef, Rejected: s.Rejected, Pending: d.pending(s),
		},
		Change: d.changes.refused(),
	}
	for _, p := range d.parts {
		p.report(&r)
	}
	d.verifier.report(&r)
	return r
}

// heapBytes is what the objects of the program take, some of them dead. It stops
// the program for some 20 us. Package runtime/metrics does not, but would cost each
// start 0.7 ms.
func heapBytes() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
