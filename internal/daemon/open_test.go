package daemon

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/seedfile"
)

// What a disk does not answer in time is an error that may pass, and what it gives
// later is given back.
func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer, late := make(chan int), 0
		do := func() (int, error) { return <-answer, nil }
		if v, err := within(t.Context(), time.Second, do, func(n int) { late = n }); v != 0 || !change.IsLater(err) {
			t.Errorf("a disk that hangs: %d, %v", v, err)
		}
		answer <- 7
		synctest.Wait()
		if late != 7 {
			t.Errorf("the answer that came too late was %d, not given back", late)
		}
		go func() { answer <- 8 }()
		if v, err := within(t.Context(), time.Second, do, func(n int) { late = n }); v != 8 || err != nil || late != 7 {
			t.Errorf("in time: %d, %v, late %d", v, err, late)
		}
	})
}

// hungReader keeps the cycle of an exchange file waiting until it is closed.
type hungReader struct{ begun, answer chan struct{} }

func (r hungReader) Read([]byte) (int, error) {
	close(r.begun)
	<-r.answer
	return 0, io.EOF
}

// A handover waits for a file that is at work, as the preflight of an upgrade does
// while a disk hangs. Reports do not.
func TestReportsDoNotWaitForAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "exchange")
	x, err := seedfile.OpenExchange(path, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	p := &exchange{files: []exchangeFile{{line: config.Exchange{Path: path}, file: x}}}
	defer p.close()
	disk := hungReader{make(chan struct{}), make(chan struct{})}
	stirred, handed, reported := make(chan error), make(chan error), make(chan bool)
	go func() { stirred <- x.Stir(context.Background(), disk, func([]byte) {}) }()
	<-disk.begun
	s := newState()
	go func() { handed <- p.handOver(s) }()
	go func() {
		for range 1000 { // the handover has begun by then
			p.report(new(control.Report))
			runtime.Gosched()
		}
		close(reported)
	}()
	select {
	case <-reported:
	case <-time.After(time.Minute):
		t.Error("a report waits for the handover")
	}
	close(disk.answer)
	if err := <-stirred; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if err := <-handed; err != nil || len(s.Descriptors) != 1 {
		t.Errorf("handed over: %v, %v", s.Descriptors, err)
	}
}

// A seed file that was opened again too late, when another one is asked for or
// open, is not taken.
func TestSeedOpenedTooLate(t *testing.T) {
	open := func(path string) *seedfile.File {
		f, err := seedfile.Open(seedfile.Options{Path: path, Owner: os.Getuid()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	dir := t.TempDir()
	a, b := config.Seed{Path: dir + "/a"}, config.Seed{Path: dir + "/b"}
	fileA, fileB := open(a.Path), open(b.Path)
	p := &seed{asked: b}
	if p.store(a, fileA, nil) || p.file != nil {
		t.Error("took a file that is no longer asked for")
	}
	if !p.store(b, fileB, nil) || p.file != fileB {
		t.Error("did not take the file that is asked for")
	}
	if p.store(b, fileA, nil) || p.store(b, nil, io.EOF) || p.file != fileB || p.err != nil {
		t.Error("gave up the file that is open")
	}
}

// One exchange file that cannot be adopted costs none of the others.
func TestExchangeAdoptsTheOthers(t *testing.T) {
	dir := t.TempDir()
	sections := []exchangeState{{Path: dir + "/no-file", FD: 1 << 20}}
	for _, name := range []string{"/a", "/b"} {
		x, err := seedfile.OpenExchange(dir+name, os.Getuid())
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Dup(int(x.Descriptor().Fd()))
		if err != nil {
			t.Fatal(err)
		}
		x.Close()
		sections = append(sections, exchangeState{Path: dir + name, FD: fd})
	}
	s := newState()
	if err := s.put("exchange", sections); err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	p := &exchange{log: log}
	defer p.close()
	if err := p.adopt(s); err == nil || fileAt(p.files, dir+"/a") == nil || fileAt(p.files, dir+"/b") == nil {
		t.Errorf("adopted %d of 2 files, %v", len(p.files), err)
	}
}
