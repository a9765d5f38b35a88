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
// is found from there: beside it, in the usual places, or where the daemon's own
// configuration says. What belongs to another daemon is refused.

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
	beside := at(config.ControlSocket(path, systemPaths()))
	beside.shared = true
	return append([]place{beside}, usual...)
}

// belongs returns nil if r is the report of the daemon at address, over a control
// connection to p, where the kernel says that peer listens.
func belongs(r *control.Report, p place, peer peercred.Cred, address egdproto.Address) error {
	claimed, egd, err := pidAt(address)
	if err != nil { // its EGD socket may be just what is wrong with it
		if slices.ContainsFunc(r.Listeners, func(s control.Socket) bool { return samePlace(s.Address, address) }) {
			return p.expectPeer(peer)
		}
		return fmt.Errorf("%s: %w; the control socket is of pid %d, which does not listen there", address, err, r.PID)
	}
	if claimed != egdproto.WirePID(r.PID) {
		return fmt.Errorf("%s is of pid %d, the control socket of pid %d: expected one daemon; --status names its control socket", address, claimed, r.PID)
	}
	// Each container has a pid 1. The kernel knows them apart, unless a supervisor
	// such as systemd, pid 1 itself, has made the EGD socket.
	if r.PID == 1 && egd.PID > 1 && peer.PID > 1 && egd.PID != peer.PID {
		return fmt.Errorf("%s is of process %d, the control socket of process %d, both pid 1 of a container: expected one daemon", address, egd.PID, peer.PID)
	}
	return p.expectPeer(peer, egd.UID, peercred.EffectiveUID(claimed))
}

// expectPeer refuses a control socket at which neither one of uids, root nor the
// caller listens, if others could make one there: it may say any pid.
func (p place) expectPeer(peer peercred.Cred, uids ...int) error {
	if !p.shared || peer.UID < 0 || slices.Contains(append(uids, 0, os.Getuid()), peer.UID) {
		return nil
	}
	return fmt.Errorf("uid %d listens there, expected the daemon's, root or uid %d", peer.UID, os.Getuid())
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

// pidAt returns what a daemon says that its pid is, and what the kernel says of it,
// -1 where it does not.
func pidAt(address egdproto.Address) (claimed int, kernel peercred.Cred, err error) {
	d, err := dial(address, eachOther)
	if err != nil {
		return 0, kernel, err
	}
	defer d.conn.Close()
	d.limit = eachOther
	text, err := d.client.PID()
	if err != nil {
		return 0, kernel, errors.New("it does not tell its pid")
	}
	if claimed, err = strconv.Atoi(text); err != nil {
		return 0, kernel, fmt.Errorf("its pid is %s", text)
	}
	kernel, _ = peercred.OfConn(d.conn)
	return claimed, kernel, nil
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
