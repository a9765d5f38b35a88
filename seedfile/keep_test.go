package seedfile_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// Half a day: a save at once, each hour, and at the end; while they fail, each
// minute, and one line in the log.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	o := options(dir + "/seed")
	f := open(t, o)
	log, hook := logtest.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	pool := &fickle{stream: stream{label: "pool"}}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			f.Keep(ctx, time.Hour, drawn{pool, true}, log)
		}()
		saves := func(when string, want, failures uint64) {
			t.Helper()
			synctest.Wait()
			if s := f.Stats(); s.Saves != want || s.Failures != failures || !s.Creditable {
				t.Errorf("%s: %d saves, %d failures, creditable %v", when, s.Saves, s.Failures, s.Creditable)
			}
		}
		saves("at once", 1, 0)
		time.Sleep(3*time.Hour - time.Second)
		saves("just before three hours", 3, 0)
		time.Sleep(time.Second)
		saves("after three hours", 4, 0)
		pool.fail(true)
		time.Sleep(time.Hour + 10*time.Minute)
		saves("failing for ten minutes", 4, 11)
		pool.fail(false)
		time.Sleep(time.Minute)
		saves("a minute later", 5, 11)
		cancel()
		<-ended
		saves("at the end", 6, 11)
	})
	var said []string
	for _, e := range hook.AllEntries() {
		said = append(said, e.Level.String()+" "+e.Message)
	}
	if got, want := strings.Join(said, ", "), "info seed saved, warning drawing a new seed: not seeded, info seed saved"; got != want {
		t.Errorf("logged %q, want %q", got, want)
	}
}

// fickle is a generator that may be shut for a while.
type fickle struct {
	mu   sync.Mutex
	shut bool
	stream
}

func (p *fickle) fail(shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = shut
}

func (p *fickle) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return 0, errShut
	}
	return p.stream.Read(b)
}
