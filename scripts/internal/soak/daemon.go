//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"prngd/internal/control"
)

// daemon is the one under load, and what is known of it.
type daemon struct {
	options
	tally  *tally
	blocks *blocks
	mood   mood
}

// Everything lies in the directory that scripts/soak has made; what the daemon
// itself writes, in run.
func (d *daemon) path(name string) string { return filepath.Join(d.dir, name) }
func (d *daemon) socket() string          { return d.path("run/egd") }

// patience is for any reply: who has waited that long has failed.
const patience = 30 * time.Second

// ask puts a verb to the control socket.
func (d *daemon) ask(verb string) (*control.Report, error) {
	c, err := net.Dial("unix", d.path("run/status.sock"))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	r, err := control.Ask(c, verb)
	if err != nil {
		err = fmt.Errorf("%s: %w", verb, err)
	}
	return r, err
}

// replace puts text in the place of a file, in one step: nobody reads half of it.
func (d *daemon) replace(name, text string, mode os.FileMode) error {
	next := d.path(name + ".next")
	if err := os.WriteFile(next, []byte(text), mode); err != nil {
		return err
	}
	return os.Rename(next, d.path(name))
}

// install puts a copy of one file in the place of another.
func (d *daemon) install(from, name string) error {
	text, err := os.ReadFile(d.path(from))
	if err != nil {
		return err
	}
	info, err := os.Stat(d.path(from))
	if err != nil {
		return err
	}
	return d.replace(name, string(text), info.Mode())
}
