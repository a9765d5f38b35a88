package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/process"
)

// pidFile is the part that keeps the pid file.
type pidFile struct {
	log *logrus.Logger

	mu   sync.Mutex
	path string // as asked for; "" = there is none
	file *process.PIDFile
	held bool // in a preflight: the daemon that serves has the file
	err  error
}

// prepare writes the file beside its path. A start goes on without one that a
// full disk or the like forbids: clients come first.
func (p *pidFile) prepare(_ context.Context, next *config.Settings, how manner) (change.Change, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	path := next.PIDFile.Path
	if path == p.path && (p.file != nil || p.held || path == "") {
		return change.None{}, nil
	}
	c := &pidFileChange{part: p, path: path, where: next.PIDFile.Where}
	if path == "" {
		return c, nil
	}
	uid, gid := -1, -1
	if next.Owner == 0 && !next.User.Missing {
		uid, gid = next.User.UID, next.User.GID
	}
	c.new, c.err = process.PreparePIDFile(path, os.Getpid(), uid, gid)
	served := change.IsLater(c.err) && !errors.Is(c.err, fs.ErrNotExist) && !errors.Is(c.err, process.ErrPIDFileInUse)
	if c.err != nil && (how == reloading || how == starting && !served) {
		return nil, fmt.Errorf("%s: %w", next.PIDFile.Where, c.err)
	}
	return c, nil
}

type pidFileChange struct {
	part  *pidFile
	path  string
	where string                 // of the path
	new   *process.PIDFileChange // nil: there is none
	err   error
}

// Commit gives the new file its name and removes the old one.
func (c *pidFileChange) Commit() error {
	p := c.part
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.err != nil {
		p.log.Warn(c.err)
	}
	if c.new != nil {
		if err := c.new.Commit(); err != nil {
			return err
		}
	}
	old := p.file
	p.path, p.file, p.err = c.path, nil, c.err
	if c.new != nil {
		p.file = c.new.PIDFile()
	}
	return old.Remove()
}

// Lacks returns why there is no file.
func (c *pidFileChange) Lacks() []error { return lack(c.where, "pidfile", c.err) }

// Rollback removes the new file.
func (c *pidFileChange) Rollback() {
	if c.new != nil {
		c.new.Rollback()
	}
}

// ignore has a check leave alone the pid file of the daemon that runs.
func (p *pidFile) ignore(path string, pid int) {
	text, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(pid) {
		p.path, p.held = path, true
	}
}

// descriptor returns the open file, nil if there is none.
func (p *pidFile) descriptor() *os.File {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.file.File()
}

func (p *pidFile) report(*control.Report) {}

// check reads the file back.
func (p *pidFile) check(context.Context) []control.Check {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.path == "" {
		return nil
	}
	c := control.Check{What: "pid file " + p.path, Asked: fmt.Sprintf("pid %d", os.Getpid())}
	switch {
	case p.file != nil:
		c.Is = p.file.Is()
	case p.err != nil:
		c.Is = "none: " + p.err.Error()
	default:
		c.Is = "none"
	}
	return []control.Check{c}
}

func (p *pidFile) handOver(s *state) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	f := file{Path: p.path, FD: int(p.file.File().Fd())}
	return s.put("pidfile", f, f.FD)
}

func (p *pidFile) adopt(s *state) error {
	var f file
	found, err := s.get("pidfile", &f)
	switch {
	case !found:
		return err
	case s.preflight:
		p.path, p.held = f.Path, true
		return nil
	}
	p.path = f.Path
	p.file, err = process.AdoptPIDFile(f.Path, inherited(f.FD, f.Path))
	return err
}

func (p *pidFile) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.file.Remove(); err != nil {
		p.log.Warn(err)
	}
	p.file = nil
}
