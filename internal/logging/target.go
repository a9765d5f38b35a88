package logging

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/syslog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"prngd/internal/change"
)

// Settings are where lines go and which. Each may be empty for its default.
type Settings struct {
	Target     string // auto or stderr (standard error in the foreground, else syslog), syslog or file:/PATH
	Level      string // error, warn, info (the default) or debug
	Format     string // text (the default) or json
	Foreground bool
}

// File returns the path of the file that is written to, "" if the target is none.
func (s Settings) File() string {
	path, isFile := strings.CutPrefix(s.Target, "file:")
	if !isFile || !filepath.IsAbs(path) {
		return ""
	}
	return path
}

// resolved returns the target without auto. In the background standard error is
// /dev/null.
func (s Settings) resolved() string {
	switch s.Target {
	case "", "auto", "stderr":
		if s.Foreground {
			return "stderr"
		}
		return "syslog"
	}
	return s.Target
}

// outlet is what lines are written to, by one goroutine.
type outlet struct {
	target string // stderr, syslog or file:/PATH
	write  func(Line) error
	close  func() error
	timed  bool     // adds the time itself
	file   *os.File // of a file
	made   bool     // the file was not there before
	used   bool     // its goroutine runs or ran; guarded by Sink.mu

	wake     chan struct{} // a line to write
	replaced chan struct{} // closed: another outlet is to be used
	done     chan struct{} // closed: nothing is written any more
}

func newOutlet(target string) *outlet {
	return &outlet{
		target: target, close: func() error { return nil },
		wake: make(chan struct{}, 1), replaced: make(chan struct{}), done: make(chan struct{}),
	}
}

// open returns the target of settings, opened unless it is syslog. It never
// waits. An error that is not [change.Later] can never go away.
func (s *Sink) open(settings Settings) (*outlet, error) {
	o := newOutlet(settings.resolved())
	switch {
	case settings.File() != "":
		return o, o.openFile(settings.File())
	case o.target == "stderr":
		o.write, o.timed = lineWriter(os.Stderr), underJournal()
		return o, nil
	case o.target == "syslog":
		o.useSyslog(s.dial)
		return o, nil
	}
	return nil, fmt.Errorf("log target %q: expected auto, stderr, syslog or file:/PATH", settings.Target)
}

// openFile opens or makes a file. A FIFO without a reader is an error now and
// not a wait.
func (o *outlet) openFile(path string) error {
	file, made, err := openOrMake(path)
	if err != nil {
		err = fmt.Errorf("opening log: %w", err)
		if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.ENAMETOOLONG) || errors.Is(err, unix.ELOOP) {
			return err
		}
		return change.Later(err)
	}
	o.use(file)
	o.made = made
	return nil
}

func (o *outlet) use(file *os.File) {
	o.file, o.write, o.close = file, lineWriter(file), file.Close
}

// openOrMake does not follow a symbolic link for root, unless the link is root's:
// the owner of the directory could lead it to any file.
func openOrMake(path string) (file *os.File, made bool, err error) {
	const mode = 0o640
	flags := os.O_WRONLY | os.O_APPEND | unix.O_NONBLOCK | unix.O_NOCTTY
	var st unix.Stat_t
	if os.Geteuid() == 0 && (unix.Lstat(path, &st) != nil || st.Uid != 0) {
		flags |= unix.O_NOFOLLOW
	}
	file, err = os.OpenFile(path, flags, 0)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, false, err
	}
	file, err = os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) { // made meanwhile, or a link that leads nowhere yet
		file, err = os.OpenFile(path, flags|os.O_CREATE, mode)
		return file, false, err
	}
	return file, err == nil, err
}

// leadsTo reports whether path still leads to o's file.
func (o *outlet) leadsTo(path string) bool {
	open, err1 := o.file.Stat()
	now, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(open, now)
}

// same reports whether o and other, which are files, are the same.
func (o *outlet) same(other *outlet) bool {
	a, err1 := o.file.Stat()
	b, err2 := other.file.Stat()
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// discard gives up an outlet that was never used, and the file that it made.
func (o *outlet) discard() {
	if o.made {
		now, err1 := os.Lstat(o.file.Name())
		ours, err2 := o.file.Stat()
		if err1 == nil && err2 == nil && os.SameFile(now, ours) && ours.Size() == 0 {
			os.Remove(o.file.Name())
		}
	}
	o.close()
}

// writeTime bounds how long one line may take where that can be bounded: a FIFO
// whose reader has stopped.
const writeTime = time.Second

func lineWriter(f *os.File) func(Line) error {
	return func(line Line) error {
		_ = f.SetWriteDeadline(time.Now().Add(writeTime)) // regular files have none
		_, err := io.WriteString(f, line.Text+"\n")
		return err
	}
}

// useSyslog connects at the first line, and again after each error.
func (o *outlet) useSyslog(dial func() (*syslog.Writer, error)) {
	var w *syslog.Writer
	o.timed = true
	o.write = func(line Line) (err error) {
		if w == nil {
			if w, err = dial(); err != nil {
				w = nil
				return err
			}
		}
		return syslogLevel(w, line.Level)(line.Text)
	}
	o.close = func() error {
		if w == nil {
			return nil
		}
		return w.Close()
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
