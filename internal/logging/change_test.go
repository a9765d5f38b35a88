package logging

import (
	"log/syslog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/change"
)

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// reader opens a FIFO for reading, as a log daemon does.
func reader(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A11: a start with a FIFO that nobody reads logs elsewhere, says so, and has the
// FIFO as soon as somebody does. A reload is refused for now.
func TestFIFOWithoutReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStandIn(t)
		d.comeUp()
		path := fifo(t)
		s, err := newOver(d.dial, Settings{Target: "file:" + path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := d.next(t); !strings.Contains(got, "log not opened, writing to syslog until it can be") || !strings.Contains(got, path) {
			t.Errorf("got %q", got)
		}
		if c := s.Check(); c.Asked != "file:"+path || !strings.HasPrefix(c.Is, "syslog: opening log: ") || c.OK() {
			t.Errorf("check %+v", c)
		}
		if _, err := s.Prepare(Settings{Target: "file:" + fifo(t)}); !change.IsLater(err) {
			t.Errorf("a reload: %v, want an error that may go away", err)
		}
		time.Sleep(time.Hour)
		r := reader(t, path)
		time.Sleep(retryMax)
		synctest.Wait()
		if c := s.Check(); !c.OK() {
			t.Errorf("check %+v", c)
		}
		buf := make([]byte, 1000)
		n, _ := r.Read(buf)
		if got := string(buf[:n]); !strings.Contains(got, "log opened") {
			t.Errorf("the FIFO got %q", got)
		}
		s.Close(time.Minute)
	})
}

// A reload during the retries has the last word.
func TestReloadEndsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStandIn(t)
		path := fifo(t)
		s, err := newOver(d.dial, Settings{Target: "file:" + path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, s, Settings{Target: "syslog"})
		reader(t, path)
		time.Sleep(time.Hour)
		synctest.Wait()
		if c := s.Check(); c.Asked != "syslog" || !c.OK() {
			t.Errorf("check %+v", c)
		}
		s.Close(time.Minute)
	})
}

// A10: only a regular file that the sink has made is given away.
func TestGive(t *testing.T) {
	stranger := os.Getuid() + 1
	owner := func(path string) int {
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			t.Fatal(err)
		}
		return int(st.Uid)
	}
	pipe, old, made := fifo(t), filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "made")
	reader(t, pipe)
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, old} {
		s := logTo(t, "file:"+path, "", "")
		if err := s.Give(stranger); err != nil || owner(path) != os.Getuid() {
			t.Errorf("%s: %v, now of uid %d", path, err, owner(path))
		}
		s.Close(time.Minute)
	}
	s := logTo(t, "file:"+made, "", "")
	defer s.Close(time.Minute)
	if os.Getuid() != 0 {
		stranger = os.Getuid() // all that may be
	}
	if err := s.Give(stranger); err != nil || owner(made) != stranger {
		t.Errorf("%s: %v, now of uid %d", made, err, owner(made))
	}
}

// What a check or a refused reload has opened leaves nothing behind.
func TestRollback(t *testing.T) {
	dir := t.TempDir()
	s := logTo(t, "file:"+dir+"/log", "", "")
	defer s.Close(time.Minute)
	if err := os.WriteFile(dir+"/old", []byte("kept\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log", "new", "old"} {
		c, err := s.Prepare(Settings{Target: "file:" + dir + "/" + name, Format: "json", Level: "error"})
		if err != nil {
			t.Fatal(err)
		}
		c.Rollback()
	}
	s.Log.Info("still text")
	s.Deliver(time.Minute)
	if _, err := os.Lstat(dir + "/new"); !os.IsNotExist(err) {
		t.Errorf("a file was left: %v", err)
	}
	if got := readLog(t, dir+"/old"); got != "kept\n" {
		t.Errorf("old has %q", got)
	}
	if got := readLog(t, dir+"/log"); !strings.Contains(got, "level=info msg=\"still text\"") {
		t.Errorf("log has %q", got)
	}
}

// A25: an unchanged file that was rotated and cannot be opened is no reason to
// refuse a reload: the open one is kept, with a warning.
func TestUnchangedFileIsKept(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/log"
	s := logTo(t, "file:"+path, "", "")
	defer s.Close(time.Minute)
	if err := os.Rename(path, path+".0"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil { // what root cannot open either
		t.Fatal(err)
	}
	apply(t, s, Settings{Target: "file:" + path, Level: "debug"})
	s.Log.Debug("one")
	s.Deliver(time.Minute)
	if got := readLog(t, path+".0"); !strings.Contains(got, "log not reopened, still writing to the open file") || !strings.Contains(got, "msg=one") {
		t.Errorf("the open file has %q", got)
	}
	if c := s.Check(); c.OK() || !strings.Contains(c.Is, "is a directory") {
		t.Errorf("check %+v", c)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	apply(t, s, Settings{Target: "file:" + path, Level: "debug"})
	s.Log.Debug("two")
	s.Deliver(time.Minute)
	if got := readLog(t, path); !strings.Contains(got, "msg=two") || !s.Check().OK() {
		t.Errorf("the new file has %q, check %+v", got, s.Check())
	}
}

// A file that is still the one that is open needs no second look: no warning.
func TestUnreadableButTheSame(t *testing.T) {
	dir := t.TempDir()
	path, file := dir+"/log", dir+"/file"
	if err := os.Symlink(file, path); err != nil {
		t.Fatal(err)
	}
	s := logTo(t, "file:"+path, "", "")
	defer s.Close(time.Minute)
	lockOut(t, path, file)
	apply(t, s, Settings{Target: "file:" + path})
	s.Deliver(time.Minute)
	if got := readLines(s); got != "" || !s.Check().OK() {
		t.Errorf("logged %q, check %+v", got, s.Check())
	}
}

// lockOut makes the file that link leads to one that this user cannot open.
func lockOut(t *testing.T, link, file string) {
	t.Helper()
	err := os.Chmod(file, 0)
	if os.Getuid() == 0 { // root does not follow a stranger's link
		err = os.Lchown(link, 1, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readLines(s *Sink) string {
	var text strings.Builder
	for _, l := range s.Lines() {
		text.WriteString(l.Text + "\n")
	}
	return text.String()
}

// Root does not write to a file that somebody else's link leads to.
func TestRootFollowsNoStrangersLink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	if err := os.Symlink("/etc/passwd", dir+"/log"); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(dir+"/log", 1, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Settings{Target: "file:" + dir + "/log"}); err == nil || change.IsLater(err) {
		t.Errorf("got %v", err)
	}
}

// The program of an upgrade goes on with the open file where it may not open it.
func TestAdopt(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/log"
	open := func() *os.File {
		f, err := os.OpenFile(dir+"/rotated", os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Dup(int(f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		return os.NewFile(uintptr(fd), path)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Adopt(Settings{Target: "file:" + path}, open())
	if err != nil {
		t.Fatal(err)
	}
	s.Log.Info("one")
	s.Close(time.Minute)
	if got := readLog(t, dir+"/rotated"); !strings.Contains(got, "msg=one") || s.Check().OK() {
		t.Errorf("the inherited file has %q, check %+v", got, s.Check())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	inherited := open()
	if s, err = Adopt(Settings{Target: "file:" + path}, inherited); err != nil {
		t.Fatal(err)
	}
	s.Log.Info("two")
	s.Close(time.Minute)
	if got := readLog(t, path); !strings.Contains(got, "msg=two") || !s.Check().OK() {
		t.Errorf("the file has %q, check %+v", got, s.Check())
	}
	if err := inherited.Close(); err == nil {
		t.Error("the inherited file was left open")
	}
}

// A target that hangs with a line keeps neither a caller nor a reload waiting, and
// the line goes to the next one.
func TestHungTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		dial := func() (*syslog.Writer, error) { <-hang; return nil, syscall.EPIPE }
		s, err := newOver(dial, Settings{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Log.Info("one")
		synctest.Wait()
		file := filepath.Join(t.TempDir(), "log")
		apply(t, s, Settings{Target: "file:" + file})
		s.Log.Info("two")
		synctest.Wait()
		close(hang) // what it says now counts no more
		synctest.Wait()
		s.Log.Info("three")
		s.Close(time.Minute)
		got := readLog(t, file)
		for _, word := range []string{"msg=one", "msg=two", "msg=three"} {
			if strings.Count(got, word) != 1 {
				t.Errorf("the new target has %q", got)
			}
		}
	})
}
