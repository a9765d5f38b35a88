package logging

import (
	"fmt"
	"io"
	"log/syslog"
	"os"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// outlet is what lines are written to. Only the carrying goroutine uses it.
type outlet struct {
	write func(Line) error
	close func() error
	timed bool // adds the time itself
}

// open returns the target of settings, opened unless it is syslog.
func (s *Sink) open(settings Settings) (*outlet, error) {
	switch {
	case settings.File() != "":
		file, err := os.OpenFile(settings.File(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
		if err != nil {
			return nil, fmt.Errorf("opening log: %w", err)
		}
		return &outlet{write: lineWriter(file), close: file.Close}, nil
	case settings.Target == "stderr", settings.Target != "syslog" && settings.Foreground && isAuto(settings.Target):
		return &outlet{write: lineWriter(os.Stderr), close: func() error { return nil }, timed: underJournal()}, nil
	case settings.Target == "syslog", isAuto(settings.Target):
		return syslogTarget(s.dial), nil
	}
	return nil, fmt.Errorf("log target %q: expected auto, stderr, syslog or file:/PATH", settings.Target)
}

// Give makes root's log file that of uid.
func Give(path string, uid int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil || st.Uid != 0 {
		return err
	}
	return f.Chown(uid, -1)
}

func lineWriter(w io.Writer) func(Line) error {
	return func(line Line) error {
		_, err := io.WriteString(w, line.Text+"\n")
		return err
	}
}

// syslogTarget connects at the first line, and again after each error.
func syslogTarget(dial func() (*syslog.Writer, error)) *outlet {
	var w *syslog.Writer
	return &outlet{
		timed: true,
		write: func(line Line) (err error) {
			if w == nil {
				if w, err = dial(); err != nil {
					w = nil
					return err
				}
			}
			return syslogLevel(w, line.Level)(line.Text)
		},
		close: func() error {
			if w == nil {
				return nil
			}
			return w.Close()
		},
	}
}

func syslogLevel(w *syslog.Writer, level logrus.Level) func(string) error {
	switch level {
	case logrus.PanicLevel, logrus.FatalLevel:
		return w.Crit
	case logrus.ErrorLevel:
		return w.Err
	case logrus.WarnLevel:
		return w.Warning
	case logrus.InfoLevel:
		return w.Info
	}
	return w.Debug
}

// underJournal reports whether standard error is systemd's journal, which
// notes the time itself: systemd.exec(5), JOURNAL_STREAM.
func underJournal() bool {
	var st unix.Stat_t
	if unix.Fstat(2, &st) != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

func isAuto(target string) bool { return target == "" || target == "auto" }
