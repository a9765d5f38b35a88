package seedfile_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"prngd/seedfile"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// Locked for ever by another program: given up after 20 tries in a second, or at
// once at the end.
func TestExchangeBusy(t *testing.T) {
	path := t.TempDir() + "/prng_exch"
	x := openExchange(t, path)
	other, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := lockForever(other); err != nil {
		t.Skip(err)
	}
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if err := x.Stir(t.Context(), &stream{}, nothing); !errors.Is(err, seedfile.ErrBusy) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took != 19*50*time.Millisecond {
			t.Errorf("waited %v", took)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		begin = time.Now()
		if err := x.Stir(over, &stream{}, nothing); !errors.Is(err, seedfile.ErrBusy) || time.Since(begin) != 0 {
			t.Errorf("at the end: %v after %v", err, time.Since(begin))
		}
	})
	if s := x.Stats(); s.Skipped != 2 || s.Failures != 0 || s.Reads != 0 {
		t.Errorf("%+v", s)
	}
}

// An hour at a period of at most a minute, a failure in it, and the last cycle at
// the end.
func TestKeepExchange(t *testing.T) {
	path := t.TempDir() + "/prng_exch"
	x := openExchange(t, path)
	log, hook := logtest.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			x.Keep(ctx, seedfile.RandomWait(&stream{label: "wait"}, time.Minute), &stream{label: "out"}, nothing, log)
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		// 120 on average, with a standard deviation of about 6.
		cycles := x.Stats().Writes
		if cycles < 90 || cycles > 150 {
			t.Errorf("%d cycles in an hour", cycles)
		}
		if err := os.Link(path, path+"2"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := os.Remove(path + "2"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		cycles = x.Stats().Writes
		cancel()
		<-ended
		if x.Stats().Writes != cycles+1 {
			t.Error("no cycle at the end")
		}
	})
	var said []string
	for _, e := range hook.AllEntries() {
		said = append(said, e.Level.String()+" "+e.Message)
	}
	want := []string{
		"warning exchange file " + path + ": has 2 links",
		"info exchange file " + path + ": works again",
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("logged\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

func TestRandomWait(t *testing.T) {
	wait := seedfile.RandomWait(&stream{label: "spread"}, time.Minute)
	var sum time.Duration
	for range 1000 {
		w := wait()
		if w < 0 || w >= time.Minute {
			t.Fatal(w)
		}
		sum += w / 1000
	}
	if sum < 27*time.Second || sum > 33*time.Second {
		t.Errorf("mean %v", sum)
	}
	if w := seedfile.RandomWait(shut{}, time.Minute)(); w != time.Minute {
		t.Errorf("without output: %v", w)
	}
}
