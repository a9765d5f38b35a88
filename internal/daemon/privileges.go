package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"prngd/internal/control"
	"prngd/internal/logging"
	"prngd/internal/privileges"
)

// chooseAccount finds out whom the daemon that root has started is to become.
func (d *daemon) chooseAccount(s *settings) {
	if d.owner != 0 || d.legacy != nil {
		return
	}
	u, err := privileges.Lookup(s.User)
	switch {
	case err != nil:
		d.log.WithError(err).Warn("uid 0 stays, without capabilities")
		d.lacks("another uid: %v", err)
	case u.UID != 0:
		d.account = &u
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
func (d *daemon) protect(s *settings) error {
	if d.legacy != nil {
		d.protection = d.legacy.Report.Process
		d.protection.Upgrades = 0 // continued adds them
		d.asked = d.legacy.Asked
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
	d.needsReadable(s.path)
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
	d.warn(privileges.DropCapabilities())
	d.warn(privileges.Undumpable()) // a change of uid undoes it
	d.asked.User, d.asked.NoCapabilities = d.account, true
	for _, pair := range d.asked.Pairs(privileges.Read()) {
		switch {
		case pair.OK() && pair.What == "capabilities":
			d.has("no capabilities")
		case pair.OK() && pair.What == "no_new_privs":
			d.has("no_new_privs")
		case !pair.OK():
			d.log.Errorf("%s: asked for %s, is %s", pair.What, pair.Asked, pair.Is)
			d.lacks("%s: asked for %s, is %s", pair.What, pair.Asked, pair.Is)
		}
	}
	return nil
}

// reportPrivileges is what was given up, as the kernel sees it now.
func (d *daemon) reportPrivileges() (checks []control.Check) {
	for _, pair := range d.asked.Pairs(privileges.Read()) {
		checks = append(checks, control.Check(pair))
	}
	return checks
}

// confine lets us write to our own directories only.
func (d *daemon) confine(s *settings) {
	did, err := privileges.ConfineWrites(s.writable(), s.upstream())
	if err != nil {
		d.lacks("%v", err)
		return
	}
	d.has("%s", did)
	d.asked.Confined = true
}

// writable returns the directories of all that we go on writing, making or
// removing.
func (s *settings) writable() (dirs []string) {
	paths := []string{s.SeedFile, s.options.PIDFile, s.Status.Path, s.logging(false).File()}
	for _, l := range s.Listen {
		paths = append(paths, l.Address.Path)
	}
	for _, x := range s.Exchange {
		paths = append(paths, x.Path)
	}
	for _, path := range paths {
		if filepath.IsAbs(path) {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// upstream returns the sockets of others that we go on connecting to.
func (s *settings) upstream() (paths []string) {
	for _, source := range s.Sources {
		if filepath.IsAbs(source.Address.Path) {
			paths = append(paths, source.Address.Path)
		}
	}
	return paths
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
func (d *daemon) giveLog(s *settings) {
	if path := s.logging(d.foreground).File(); path != "" {
		d.warn(logging.Give(path, d.account.UID))
	}
}

func (d *daemon) has(format string, a ...any) {
	d.protection.Sandbox = append(d.protection.Sandbox, fmt.Sprintf(format, a...))
}

func (d *daemon) lacks(format string, a ...any) {
	d.protection.Missing = append(d.protection.Missing, fmt.Sprintf(format, a...))
}
