package daemon

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"prngd/internal/config"
	"prngd/internal/logging"
	"prngd/internal/privileges"
)

// chooseAccount finds out whom the daemon that root has started is to become.
func (d *daemon) chooseAccount(s *config.Settings) {
	if d.owner != 0 || d.legacy != nil {
		return
	}
	u := s.User
	switch {
	case u.Missing:
		d.log.WithField("user", u.Name).Warn("no such user: uid 0 stays, without capabilities")
		d.lacks("another uid: there is no user %s", u.Name)
	case u.UID != 0:
		d.account = &privileges.User{Name: u.Name, UID: u.UID, GID: u.GID, Groups: u.Groups}
	}
}

// uid is who we are from protect on.
func (d *daemon) uid() int {
	if d.account != nil {
		return d.account.UID
	}
	return os.Getuid()
}

// protect gives up what serving does not need: root's uid, capabilities, the
// right to gain any, writing beyond our own directories. Everything is open by
// now that only root may open. It is done once in the life of a process: what a
// program has given up, the next one after an upgrade does not have.
func (d *daemon) protect(s *config.Settings) error {
	if d.legacy != nil {
		d.protection = d.legacy.Report.Process
		d.protection.Upgrades = 0 // continued adds them
		return nil
	}
	if d.owner != 0 && len(s.Commands) > 0 {
		d.lacks("no_new_privs, Landlock: commands are children of ours here, and would be bound as well")
		return nil
	}
	if d.account != nil {
		d.openSeed(s)
		d.giveLog(s)
	}
	if err := d.dropPrivileges(); err != nil {
		return err
	}
	d.confine(s)
	d.relistenAll()
	d.needsReadable(s.Path)
	return nil
}

// dropPrivileges becomes the account, if there is one, and nobody who could do
// more than that.
func (d *daemon) dropPrivileges() error {
	if d.account != nil {
		err := privileges.Become(*d.account)
		switch {
		case err == nil:
			d.has("user %s, uid %d", d.account.Name, d.account.UID)
		case errors.Is(err, privileges.ErrRefused): // root of a container, perhaps
			d.log.WithError(err).Warn("uid 0 stays, without capabilities")
			d.lacks("another uid: %v", err)
			d.account = nil
		default:
			return fmt.Errorf("giving up root's privileges: %w", err)
		}
	}
	switch err := privileges.DropCapabilities(); {
	case err == nil:
		d.has("no capabilities")
		d.has("no_new_privs")
	case !errors.Is(err, errors.ErrUnsupported): // a system that has none
		d.log.Warn(err)
		d.lacks("no capabilities, no_new_privs: %v", err)
	}
	return nil
}

// confine lets us write to our own directories only.
func (d *daemon) confine(s *config.Settings) {
	did, err := privileges.ConfineWrites(s.Writable(), s.Upstream())
	if err != nil {
		d.lacks("%v", err)
		return
	}
	d.has("%s", did)
}

// relistenAll has the kernel tell clients who serves them, not who has bound the
// sockets: prngd -k goes by that.
func (d *daemon) relistenAll() {
	for _, l := range listeners(append(slices.Clone(d.places), d.control)) {
		d.warn(l.Relisten())
	}
}

// needsReadable warns while an admin is looking, not when a reload fails.
func (d *daemon) needsReadable(path string) {
	if path == "" {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		d.log.WithError(err).Warnf("reload and upgrade will be refused: uid %d must be able to read the configuration", os.Getuid())
		return
	}
	f.Close()
}

// giveLog gives root's log file to whom we become: it is opened again after it
// was rotated.
func (d *daemon) giveLog(s *config.Settings) {
	if path := logTo(s, d.foreground).File(); path != "" {
		d.warn(logging.Give(path, d.account.UID))
	}
}

func (d *daemon) has(format string, a ...any) {
	d.protection.Sandbox = append(d.protection.Sandbox, fmt.Sprintf(format, a...))
}

func (d *daemon) lacks(format string, a ...any) {
	d.protection.Missing = append(d.protection.Missing, fmt.Sprintf(format, a...))
}
