package dashboard

import (
	"context"
	"sync"
	"time"

	"prngd/cmd/egdquery/internal/human"
	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

// kept is what the page can show: an hour, a point a second.
const kept = 3600

// point is one sample as the plots need it. What is not known is null.
type point struct {
	Time     float64           `json:"t"` // Unix seconds
	Requests *float64          `json:"requests"`
	Sent     *float64          `json:"sent"`    // bytes a second
	Latency  *float64          `json:"latency"` // seconds
	Clients  *int64            `json:"clients"`
	Reseed   *float64          `json:"reseed_age"` // seconds
	Save     *float64          `json:"save_age"`
	Bits     map[string]uint64 `json:"bits"` // by credited source, since the start of the daemon
}

// history is the last points, and the last sample whole.
type history struct {
	mu     sync.Mutex
	points []point
	ever   int // points added so far; the number of the next
	last   watch.Sample
	report *control.Report // the last there was
	seen   time.Time       // when it came
	more   chan struct{}   // closed at the next add
}

func newHistory() *history { return &history{more: make(chan struct{})} }

func (h *history) add(s watch.Sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.points = append(h.points, newPoint(&h.last, &s))
	if len(h.points) > kept {
		h.points = h.points[1:]
	}
	h.ever++
	h.last = s
	if s.Report != nil {
		h.report, h.seen = s.Report, s.Time
	}
	close(h.more)
	h.more = make(chan struct{})
}

// since returns the points from number after on, as soon as there is one.
func (h *history) since(ctx context.Context, after int) view {
	for {
		h.mu.Lock()
		if h.ever != after || ctx.Err() != nil {
			defer h.mu.Unlock()
			return h.view(after)
		}
		more := h.more
		h.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

// view needs the lock. A number that is not ours (we began again) gets all.
func (h *history) view(after int) view {
	first := h.ever - len(h.points)
	if after < first || after > h.ever {
		after = first
	}
	v := view{Next: h.ever, First: after, Points: append([]point{}, h.points[after-first:]...), Report: h.report, Health: control.Unknown.String()}
	if h.ever == 0 {
		return v
	}
	health, reasons := h.last.Health()
	v.Health, v.Reasons = health.String(), reasons
	v.Stale = h.last.Report == nil
	if h.report != nil {
		v.Unseen = max(0, h.last.Time.Sub(h.seen).Seconds())
		for _, line := range h.report.Log {
			v.Warnings = append(v.Warnings, human.Warning(line, h.report.Now))
		}
	}
	if h.last.LatencyErr != nil {
		v.ProbeError = h.last.LatencyErr.Error()
	}
	return v
}

// view is what the page gets in answer to one question.
type view struct {
	First      int             `json:"first"` // number of the first point here
	Next       int             `json:"next"`
	Health     string          `json:"health"`
	Reasons    []string        `json:"reasons"`
	Stale      bool            `json:"stale"`    // the report is an old one: nobody answers now
	Unseen     float64         `json:"unseen"`   // seconds since the report came
	Warnings   []string        `json:"warnings"` // the daemon's last ones, as sentences
	ProbeError string          `json:"probe_error,omitempty"`
	Report     *control.Report `json:"report"`
	Points     []point         `json:"points"`
}

func newPoint(before, now *watch.Sample) point {
	p := point{Time: float64(now.Time.UnixMilli()) / 1000}
	if now.LatencyErr == nil {
		seconds := now.Latency.Seconds()
		p.Latency = &seconds
	}
	if now.Report == nil {
		return p
	}
	if rates, ok := watch.Between(before, now); ok {
		p.Requests, p.Sent = &rates.Requests, &rates.Bytes
	}
	r := now.Report
	clients := now.Clients()
	p.Clients = &clients
	p.Reseed, p.Save = age(r.Generator.LastReseed, r.Now), age(r.Seed.LastSave, r.Now)
	if p.Reseed == nil {
		p.Reseed = age(r.Generator.SeededAt, r.Now)
	}
	p.Bits = map[string]uint64{}
	for _, s := range r.Sources {
		if s.Bits > 0 {
			p.Bits[s.Name] = s.Bits
		}
	}
	return p
}

func age(t *time.Time, now time.Time) *float64 {
	if t == nil {
		return nil
	}
	seconds := now.Sub(*t).Seconds()
	return &seconds
}
