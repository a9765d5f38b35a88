package watch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"prngd/cmd/egdquery/internal/exemplar"
	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

func TestRunLooksOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w := watch.Watcher{
			Every: time.Second,
			Ask: func() (*control.Report, error) {
				if asked++; asked == 2 {
					return nil, errors.New("restarting")
				}
				return &control.Report{PID: asked}, nil
			},
			Probe: func(last *control.Report) (time.Duration, error) {
				if last == nil {
					return 0, errors.New("where?")
				}
				return time.Duration(last.PID), nil
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		var samples []watch.Sample
		w.Run(ctx, func(s watch.Sample) { samples = append(samples, s) })
		if len(samples) != 4 {
			t.Fatalf("%d samples, expected 4 in 3.5 s", len(samples))
		}
		if health, reasons := samples[1].Health(); health != control.Unknown || reasons[0] != "restarting" {
			t.Errorf("without a report health is %v %v", health, reasons)
		}
		if samples[0].LatencyErr == nil || samples[2].Latency != 1 {
			t.Errorf("the probe was not told of the last report: %+v", samples)
		}
	})
}

func TestBetween(t *testing.T) {
	a, b := watch.Sample{Report: exemplar.Report()}, watch.Sample{Report: exemplar.Report()}
	if _, ok := watch.Between(&a, &b); ok {
		t.Error("rates over no time at all")
	}
	b.Report.Now = b.Report.Now.Add(2 * time.Second)
	b.Report.Clients.Requests["read"] += 100
	b.Report.Clients.BytesOut += 2048
	want := watch.Rates{Requests: 50, Bytes: 1024}
	if got, ok := watch.Between(&a, &b); !ok || got != want {
		t.Errorf("got %+v, expected %+v", got, want)
	}
	if got, _ := watch.Between(&b, &a); got != (watch.Rates{}) {
		t.Errorf("time that goes back gives %+v", got)
	}
	b.Report.Started = b.Report.Started.Add(time.Second)
	if _, ok := watch.Between(&a, &b); ok {
		t.Error("rates across a restart")
	}
}

// TestRunEndsAtOnce: a sample that is due when the last wanted one was taken late is
// not taken.
func TestRunEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 { // a select with two ready cases takes either
			w := watch.Watcher{
				Every: time.Second,
				Ask:   func() (*control.Report, error) { return &control.Report{}, nil },
				Probe: func(*control.Report) (time.Duration, error) { return 0, nil },
			}
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			w.Run(ctx, func(watch.Sample) {
				if n++; n == 2 {
					time.Sleep(1500 * time.Millisecond)
					cancel()
				}
			})
			if n != 2 {
				t.Fatalf("%d samples, expected 2", n)
			}
		}
	})
}
