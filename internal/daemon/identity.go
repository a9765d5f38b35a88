package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/privileges"
)

// identity is the part that gives up what serving does not need: root's uid,
// capabilities, the right to gain any, writing beyond the daemon's own
// directories. That is done once in the life of a process, last of all, when
// everything is open that only root may open: what a program has given up, the
// next one after an upgrade does not have.
type identity struct {
	log    *logrus.Logger
	before func(uid int) error // called before the process becomes uid
	after  func()              // called once it has

	mu     sync.Mutex
	state  identityState
	checks []control.Check // as last read back
	read   time.Time
}

// identityState is the section of a state document.
type identityState struct {
	Asked   privileges.Asked `json:"asked"`
	Sandbox []string         `json:"sandbox,omitempty"` // protections in force
	Missing []string         `json:"missing,omitempty"` // protections that are not available, and why
}

// account is the user that a daemon started with s becomes, nil if it stays what
// it is.
func account(s *config.Settings) *privileges.User {
	if u := s.User; s.Owner == 0 && !u.Missing && u.UID != 0 {
		return &privileges.User{Name: u.Name, UID: u.UID, GID: u.GID, Groups: u.Groups}
	}
	return nil
}

// uidOf is the user that a daemon started with s runs as once it serves.
func uidOf(s *config.Settings) int {
	if u := account(s); u != nil {
		return u.UID
	}
	return os.Getuid()
}

// prepare readies the one change that there is, at the start.
func (p *identity) prepare(_ context.Context, next *config.Settings, how manner) (change.Change, error) {
	if how != starting {
		return change.None{}, nil
	}
	return &identityChange{part: p, next: next}, nil
}

type identityChange struct {
	part *identity
	next *config.Settings
	made identityState
}

func (c *identityChange) Rollback() {}

// Commit gives up the privileges. It fails if the process may be half of each
// user; what else is not available is reported.
func (c *identityChange) Commit() error {
	if c.next.Owner == 0 && c.next.User.Missing {
		c.lacks("another uid: there is no user %s", c.next.User.Name)
	}
	if c.next.Owner != 0 && c.next.RunsPrograms() {
		c.lacks("no_new_privs, Landlock: commands are children of the daemon here, and would be bound as well")
	} else if err := c.giveUp(); err != nil {
		return err
	}
	c.part.mu.Lock()
	c.part.state = c.made
	c.part.mu.Unlock()
	c.part.after()
	c.needsReadable(c.next.Path)
	return nil
}

// giveUp becomes the account, if there is one, without a capability, and confines
// what it writes. What only root may do for serving comes first.
func (c *identityChange) giveUp() error {
	if c.next.Owner == 0 { // its commands are children of the runner, which was started before
		err := privileges.RaisePriority()
		if err != nil && !errors.Is(err, os.ErrPermission) { // root of a container may not
			c.part.log.Warn(err)
		}
	}
	if u := account(c.next); u != nil {
		if err := c.part.before(u.UID); err != nil {
			c.part.log.Warn(err)
		}
		err := privileges.Become(*u)
		switch {
		case err == nil:
			c.made.Asked.User = u
			c.has("user %s, uid %d", u.Name, u.UID)
		case errors.Is(err, privileges.ErrRefused): // root of a container, perhaps
			if c.next.User.Written() {
				c.made.Asked.User = u
			}
			c.lacks("another uid: %v", err)
		default:
			return fmt.Errorf("giving up root's privileges: %w", err)
		}
	}
	c.made.Asked.NoCapabilities = true
	for _, err := range []error{privileges.DropCapabilities(), privileges.Undumpable()} { // a change of uid undoes the second
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			c.part.log.Warn(err)
		}
	}
	c.readBack()
	did, err := privileges.ConfineWrites(c.next.Writable(), c.next.Upstream())
	if err != nil {
		c.lacks("%v", err)
		return nil
	}
	c.has("%s", did)
	// An attempt to write to a device shows it, unless sockets lie beside those.
	c.made.Asked.Confined = !slices.ContainsFunc(c.next.Writable(), func(dir string) bool { return dir == "/" || dir == "/dev" })
	return nil
}

// readBack says what the kernel made of it.
func (c *identityChange) readBack() {
	for _, pair := range c.made.Asked.Checks(privileges.Read()) {
		switch {
		case !pair.OK():
			c.lacks("%s: asked for %s, is %s", pair.What, pair.Asked, pair.Is)
		case pair.What == "capabilities":
			c.has("no capabilities")
		case pair.What == "no_new_privs":
			c.has("no_new_privs")
		}
	}
}

// needsReadable warns while an admin is looking, not when a reload fails.
func (c *identityChange) needsReadable(path string) {
	if path == "" {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		c.part.log.WithError(err).Warnf("reload and upgrade will be refused: uid %d must be able to read the configuration", os.Getuid())
		return
	}
	f.Close()
}

func (c *identityChange) has(format string, a ...any) {
	c.made.Sandbox = append(c.made.Sandbox, fmt.Sprintf(format, a...))
}

func (c *identityChange) lacks(format string, a ...any) {
	c.made.Missing = append(c.made.Missing, fmt.Sprintf(format, a...))
	c.part.log.Warnf("protection missing: "+format, a...)
}

func (p *identity) report(r *control.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.Process.Sandbox, r.Process.Missing = p.state.Sandbox, p.state.Missing
}

// identityEvery is how often the kernel is asked again: nothing but a fault of the
// kernel changes what the process has given up, and it is asked for each thread.
const identityEvery = 15 * time.Minute

// check asks the kernel what the process is.
func (p *identity) check(context.Context) []control.Check {
	p.mu.Lock()
	asked, last, read := p.state.Asked, p.checks, p.read
	p.mu.Unlock()
	if last != nil && time.Since(read) < identityEvery {
		return last
	}
	checks := asked.Checks(privileges.Read())
	p.mu.Lock()
	p.checks, p.read = checks, time.Now()
	p.mu.Unlock()
	return checks
}

func (p *identity) handOver(s *state) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.put("identity", p.state)
}

func (p *identity) adopt(s *state) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := s.get("identity", &p.state)
	return err
}

func (p *identity) close() {}
