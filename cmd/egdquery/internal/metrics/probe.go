package metrics

import (
	"bytes"
	"strconv"
	"sync"
	"time"
)

const (
	probeDuration = "prngd_probe_duration_seconds"
	probeFailures = "prngd_probe_failures_total"
)

// buckets are the upper bounds in seconds: 25 us is a good day; what takes a
// second is a failure.
var buckets = [...]float64{.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5}

// Probe counts what a client sees that asks once a second. Its methods may be
// called from several goroutines.
type Probe struct {
	mu       sync.Mutex
	counts   [len(buckets)]uint64 // of answers within each bound and over the one before
	count    uint64
	sum      float64 // seconds
	failures uint64
}

// NewProbe returns one that has seen nothing.
func NewProbe() *Probe { return &Probe{} }

// Observe counts one question: the time its answer took, or its error.
func (p *Probe) Observe(took time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failures++
		return
	}
	p.count++
	p.sum += took.Seconds()
	for i, bound := range buckets {
		if took.Seconds() <= bound {
			p.counts[i]++
			return
		}
	}
}

// Text returns the counts in the text format.
func (p *Probe) Text() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	var text bytes.Buffer
	metric{name: probeDuration, kind: "histogram", help: "How long egdquery serve waited for 16 bytes by command 1, once a second."}.header(&text)
	var below uint64
	for i, bound := range buckets {
		below += p.counts[i]
		sample(&text, probeDuration+"_bucket", []string{"le"}, []string{strconv.FormatFloat(bound, 'g', -1, 64)}, float64(below))
	}
	sample(&text, probeDuration+"_bucket", []string{"le"}, []string{"+Inf"}, float64(p.count))
	sample(&text, probeDuration+"_sum", nil, nil, p.sum)
	sample(&text, probeDuration+"_count", nil, nil, float64(p.count))
	metric{name: probeFailures, kind: "counter", help: "Times that egdquery serve got no such answer within 0.9 seconds."}.header(&text)
	sample(&text, probeFailures, nil, nil, float64(p.failures))
	return text.Bytes()
}
