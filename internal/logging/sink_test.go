package logging

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/syslog"
	"math"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
)

// These tests are inside the package: no exported function takes a stand-in for syslog.

func logTo(t *testing.T, target, level, format string) *Sink {
	t.Helper()
	s, err := New(Settings{Target: target, Level: level, Format: format})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readLog(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	s := logTo(t, "file:"+path, "", "")
	s.Log.WithField("bits", 512).Info("seeded")
	s.Log.Debug("not asked for")
	s.Log.WithError(errors.New("disk full")).Warn("saving")
	s.Close(time.Minute)
	const stamp = `time="?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[-+]\d\d:\d\d)"? `
	want := "^" + stamp + "level=info msg=seeded bits=512\n" + stamp + "level=warning msg=saving error=\"disk full\"\n$"
	if got := readLog(t, path); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("got\n%s, expected\n%s", got, want)
	}
}

func TestLogJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	s := logTo(t, "file:"+path, "error", "json")
	s.Log.WithField("credit", math.NaN()).Error("a value that JSON does not have")
	s.Log.WithField("address", "/run/<egd>").Error("bound\nand more")
	s.Log.Warn("for the ring only")
	s.Close(time.Minute)
	lines := strings.Split(strings.TrimSpace(readLog(t, path)), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %q", lines)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(lines[1]), &got); err != nil {
		t.Fatal(err)
	}
	if got["address"] != "/run/<egd>" || got["msg"] != "bound..." || got["level"] != "error" || got["time"] == "" {
		t.Errorf("got %v", got)
	}
	kept := s.Lines()
	if last := kept[len(kept)-1]; len(kept) != 3 || last.Level != logrus.WarnLevel {
		t.Errorf("kept %v", kept)
	}
}

// apply is what a reload does.
func apply(t *testing.T, s *Sink, settings Settings) {
	t.Helper()
	c, err := s.Prepare(settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestLogReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	s := logTo(t, "file:"+path, "", "")
	s.Log.Info("one")
	s.Deliver(time.Minute)
	if err := os.Rename(path, path+".0"); err != nil {
		t.Fatal(err)
	}
	apply(t, s, Settings{Target: "file:" + path})
	s.Log.Info("two")
	if _, err := s.Prepare(Settings{Target: "file:/no/such/dir/log"}); !change.IsLater(err) {
		t.Errorf("a missing directory: %v", err)
	}
	s.Log.Info("three")
	s.Close(time.Minute)
	if got := readLog(t, path+".0"); !strings.Contains(got, "msg=one\n") || strings.Contains(got, "two") {
		t.Errorf("the old file has %q", got)
	}
	if got := readLog(t, path); !strings.Contains(got, "msg=two\n") || !strings.Contains(got, "msg=three\n") || strings.Contains(got, "one") {
		t.Errorf("the new file has %q", got)
	}
}

func TestLogRefuses(t *testing.T) {
	for _, test := range []struct{ target, level, format, want string }{
		{"journal", "", "", `log target "journal": expected auto, stderr, syslog or file:/PATH`},
		{"file:log", "", "", `log target "file:log": expected auto, stderr, syslog or file:/PATH`},
		{"file:/", "", "", "opening log: open /: is a directory"},
		{"", "loud", "", `log level "loud": expected error, warn, info or debug`},
		{"", "", "xml", `log format "xml": expected text or json`},
	} {
		if _, err := New(Settings{test.target, test.level, test.format, true}); err == nil || err.Error() != test.want {
			t.Errorf("%+v: got %v", test, err)
		}
	}
}

func TestLogValuesAreCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	s := logTo(t, "file:"+path, "", "")
	s.Log.WithFields(logrus.Fields{
		"huge":  strings.Repeat("é", 1000),
		"lines": fmt.Errorf("first\nsecond"),
		"after": 1500 * time.Millisecond,
		"bytes": []byte{1, 2, 3},
		"odd":   "\x1b[31m\xff",
	}).Info("x\n")
	s.Close(time.Minute)
	want := "msg=x after=1.5s bytes=\"[bytes]\" huge=\"" + strings.Repeat("é", valueMax/2) + `..." lines=first... odd="\x1b[31m\xff"` + "\n"
	if got := readLog(t, path); !strings.HasSuffix(got, want) {
		t.Errorf("got  %q\nexpected ...%q", got, want)
	}
}

// standIn is a syslogd at a socket, and a dial that fails until it is up.
type standIn struct {
	conn  *net.UnixConn
	start time.Time

	mu       sync.Mutex
	up       bool
	attempts []time.Duration // since start
}

func newStandIn(t *testing.T) *standIn {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "log"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &standIn{conn: conn, start: time.Now()}
}

func (d *standIn) dial() (*syslog.Writer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts = append(d.attempts, time.Since(d.start))
	if !d.up {
		return nil, errors.New("nobody there")
	}
	return syslog.Dial("unixgram", d.conn.LocalAddr().String(), syslog.LOG_DAEMON, "prngd")
}

func (d *standIn) comeUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.up = true
}

func (d *standIn) asked() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.attempts)
}

// next is the next line, with what syslog puts before it cut to the priority.
func (d *standIn) next(t *testing.T) string {
	t.Helper()
	buf := make([]byte, 4096)
	n, err := d.conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`>.*?\]: `).ReplaceAllString(string(buf[:n]), "> ")
}

// Syslog comes up after us, as at boot: nothing is lost, the time is syslog's,
// and until then it is asked ever less often.
func TestLogSyslogLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStandIn(t)
		s, err := newOver(d.dial, Settings{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Log.Info("one")
		synctest.Wait()
		for range 5 { // fewer than a datagram socket queues: nobody reads yet
			s.Log.Warn("more lines are no reason to hurry")
			synctest.Wait()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1623, 2223, 2823, 3423}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(d.asked(), want) {
			t.Errorf("asked after %v, expected %v", d.asked(), want)
		}
		d.comeUp()
		time.Sleep(retryMax)
		if got := d.next(t); got != "<30> level=info msg=one\n" {
			t.Errorf("got %q", got)
		}
		for range 5 {
			d.next(t)
		}
		s.Close(time.Minute)
	})
}

func TestLogSyslogLosesAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStandIn(t)
		s, err := newOver(d.dial, Settings{Level: "debug"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range kept + 7 {
			s.Log.Debugf("line %d", i)
			synctest.Wait()
		}
		if lines := s.Lines(); len(lines) != kept || lines[0].Text != `level=debug msg="line 7"` {
			t.Errorf("kept %d, the first %q", len(lines), lines[0].Text)
		}
		d.comeUp()
		go s.Close(time.Minute)
		for _, want := range []string{`<28> level=warning msg="log lines lost" lines=7`, `<31> level=debug msg="line 7"`} {
			if got := d.next(t); got != want+"\n" {
				t.Errorf("got %q, expected %q", got, want)
			}
		}
		for range kept - 1 {
			d.next(t)
		}
	})
}

// A reload that changes the target is not kept waiting by a dead syslog.
func TestLogReconfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStandIn(t)
		s, err := newOver(d.dial, Settings{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Log.Info("one")
		time.Sleep(5 * time.Minute)
		path := filepath.Join(t.TempDir(), "log")
		apply(t, s, Settings{Target: "file:" + path, Level: "debug"})
		synctest.Wait()
		s.Log.Debug("two")
		synctest.Wait()
		if got := readLog(t, path); !strings.Contains(got, "msg=one\n") || !strings.Contains(got, "msg=two\n") {
			t.Errorf("got %q", got)
		}
		s.Close(time.Minute)
	})
}

func TestLogTargetByDefault(t *testing.T) {
	for _, test := range []struct {
		target     string
		foreground bool
		asked      bool
	}{
		{"auto", false, true}, {"", false, true}, {"syslog", true, true},
		{"auto", true, false}, {"", true, false}, {"stderr", true, false},
		{"stderr", false, true}, // E8: a daemon in the background has none but /dev/null
	} {
		d := newStandIn(t)
		s, err := newOver(d.dial, Settings{Target: test.target, Foreground: test.foreground}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Log.Info("a line of TestLogTargetByDefault")
		s.Close(time.Minute)
		if got := len(d.asked()) > 0; got != test.asked {
			t.Errorf("%+v: syslog asked: %v", test, got)
		}
	}
}
