package seedfile

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"
)

// retry is the period of saves while they fail: a full disk is soon emptied.
const retry = time.Minute

// Keep saves the seed at once, then every so often, and once more when ctx ends,
// after which it returns. Start it in a goroutine of its own when the pool has
// begun to give output: clients never wait for a disk.
//
// Logged are changes of state: the first save, the first failure, every failure
// that differs from the last, the recovery.
func (f *File) Keep(ctx context.Context, every time.Duration, g Generator, log *logrus.Logger) {
	said := "nothing yet"
	for {
		said = f.saveAndSay(g, log, said)
		wait := every
		if said != "" {
			wait = min(every, retry)
		}
		select {
		case <-ctx.Done():
			f.saveAndSay(g, log, said)
			return
		case <-time.After(wait):
		}
	}
}

// saveAndSay logs a save if its outcome is news after said, and returns what to
// compare the next one with: the error's text, "" for none.
func (f *File) saveAndSay(g Generator, log *logrus.Logger, said string) string {
	err := f.Save(g)
	switch {
	case err == nil && said != "":
		s := f.Stats()
		log.WithFields(logrus.Fields{"seed": s.Path, "form": s.Form, "creditable": s.Creditable}).Info("seed saved")
	case err != nil && err.Error() != said:
		log.Warn(err.Error())
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
