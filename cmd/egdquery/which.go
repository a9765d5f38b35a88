package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"prngd/egdproto"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/peercred"
)

// The one rule of which daemon a verb is about: the one that -s names by its
// address; else the one that --status or $PRNGD_STATUS names by its control
// socket; else the first in the usual places. The other socket of the same daemon
// is found from there, and what belongs to another daemon is refused.

// eachOther is the most time that finding the one socket from the other may take.
const eachOther = 2 * time.Second

// controlPlaces are where the control socket of the daemon at address may be.
func controlPlaces(address egdproto.Address) []place {
	usual := usualControls()
	if address.Network != "unix" {
		return usual
	}
	path, err := filepath.Abs(address.Path)
	if err != nil {
		path = address.Path
	}
	for _, defaults := range []config.Paths{ownPaths(), systemPaths()} {
		if path == defaults.Socket {
			return usual
		}
	}
	return append([]place{at(config.ControlSocket(path, systemPaths()))}, usual...)
}

// belongs returns nil if r is the report of the daemon at address, over a control
// connection to the process peer (-1 is not known).
func belongs(r *control.Report, peer int, address egdproto.Address) error {
	claimed, kernel, err := pidAt(address)
	if err != nil { // its EGD socket may be just what is wrong with it
		if slices.ContainsFunc(r.Listeners, func(s control.Socket) bool { return samePlace(s.Address, address) }) {
			return nil
		}
		return fmt.Errorf("%s: %w; the control socket is of pid %d, which does not listen there", address, err, r.PID)
	}
	if claimed != egdproto.WirePID(r.PID) {
		return fmt.Errorf("%s is of pid %d, the control socket of pid %d: expected one daemon; --status names its control socket", address, claimed, r.PID)
	}
	// Each container has a pid 1. The kernel knows them apart, unless a supervisor
	// such as systemd, pid 1 itself, has made the EGD socket.
	if r.PID == 1 && kernel > 1 && peer > 1 && kernel != peer {
		return fmt.Errorf("%s is of process %d, the control socket of process %d, both pid 1 of a container: expected one daemon", address, kernel, peer)
	}
	return nil
}

func samePlace(listener string, address egdproto.Address) bool {
	if address.Network != "unix" {
		return listener == address.String()
	}
	path, err := filepath.Abs(address.Path)
	if err != nil || listener == path {
		return err == nil
	}
	a, errA := os.Stat(listener)
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// pidAt returns what a daemon says that its pid is, and what the kernel says, -1
// where it does not.
func pidAt(address egdproto.Address) (claimed, kernel int, err error) {
	d, err := dial(address, eachOther)
	if err != nil {
		return 0, 0, err
	}
	defer d.conn.Close()
	d.limit = eachOther
	text, err := d.client.PID()
	if err != nil {
		return 0, 0, errors.New("it does not tell its pid")
	}
	if claimed, err = strconv.Atoi(text); err != nil {
		return 0, 0, fmt.Errorf("its pid is %s", text)
	}
	peer, _ := peercred.OfConn(d.conn)
	return claimed, peer.PID, nil
}

// listenerOf returns an address of the daemon whose control socket answers.
func listenerOf(r *control.Report) (egdproto.Address, error) {
	for _, l := range r.Listeners {
		if a, err := egdproto.ParseAddress(l.Address); err == nil && !l.Missing && l.Error == "" {
			return a, nil
		}
	}
	return egdproto.Address{}, &exitError{exitUnavailable, fmt.Errorf("pid %d listens nowhere", r.PID)}
}
