package daemon

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/credit"
	"prngd/internal/process"
	"prngd/internal/upgrade"
	"prngd/seedfile"
)

// takeOver goes on where the program before this one stopped. Nothing here is
// worth dying for.
func (d *daemon) takeOver(h *handover) {
	d.pool.Source(credit.Handover()).Add(h.secret, credit.HandoverBits(h.Seeded, len(h.secret)))
	d.pool.Continue(h.Generator)
	clear(h.secret)
	if err := d.server.Inherit(h.Connections); err != nil {
		d.log.WithError(err).Error("connections were lost in the upgrade")
	}
	if s := d.settings.Load(); h.Seed.Path != s.Seed.Path {
		h.Seed.close()
	} else { // at once: an admin may ask for a save
		d.openSeed(s)
	}
	h.Report.Clients.Ever -= uint64(len(h.Connections)) // the server counts them again
	d.before, d.announced = &h.Report, h.Seeded
	d.log.WithField("from", h.Program).WithField("to", d.program.Version).WithField("connections", len(h.Connections)).
		WithField("ms", fmt.Sprintf("%.1f", time.Since(h.Parked).Seconds()*1000)).Info("upgraded")
}

// adoptSeed returns the seed file that the program before this one had open,
// nil if there was none or it is not the one asked for.
func (d *daemon) adoptSeed(o seedfile.Options) *seedfile.File {
	h := d.legacy
	if h == nil || h.Seed.Path != o.Path {
		return nil
	}
	h.Seed.Path = "" // once
	f, err := seedfile.Adopt(o, fileOf(h.Seed.FD, o.Path), fileOf(h.Seed.Dir, o.Path))
	d.warn(err)
	return f
}

// close gives up a seed file that is no longer asked for.
func (h *handedFile) close() {
	if h.Path != "" {
		unix.Close(h.FD)
		unix.Close(h.Dir)
	}
	h.Path = ""
}

// grave hands err back if it is one to die of: once a program has taken another's
// place, with clients waiting, nothing is that can be done without.
func (d *daemon) grave(err error) error {
	if err != nil && d.legacy != nil {
		d.log.Error(err)
		return nil
	}
	return err
}

// remember takes over what the program before this one knew of the process, or
// notes it for the next.
func (d *daemon) remember() {
	if d.legacy != nil {
		d.path, d.signals = d.legacy.Path, d.legacy.signals
		return
	}
	path, err := upgrade.ProgramPath(os.Args[0])
	if err != nil {
		d.log.WithError(err).Warn("this program cannot be upgraded in place")
	}
	d.path = path
}

// openPIDFile writes the pid file, or goes on with the one that is there.
func (d *daemon) openPIDFile(path string) (err error) {
	if d.legacy != nil && d.legacy.PIDFile.Path != "" {
		h := d.legacy.PIDFile
		d.pidFile, err = process.AdoptPIDFile(h.Path, fileOf(h.FD, h.Path))
		if err == nil && h.Path == path {
			return nil
		}
		d.warn(err)
		d.warn(d.pidFile.Remove())
		d.pidFile = nil
	}
	if path == "" {
		return nil
	}
	d.pidFile, err = process.WritePIDFile(path, os.Getpid())
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		d.warn(err) // clients come first; PRNGD served without its pid file then, too
		return nil
	}
	return err
}
