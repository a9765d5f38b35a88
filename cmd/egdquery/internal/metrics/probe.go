package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Probe counts what a client sees who asks once a second.
type Probe struct {
	duration prometheus.Histogram
	failures prometheus.Counter
}

// NewProbe returns one that has seen nothing.
func NewProbe() *Probe {
	return &Probe{
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "prngd_probe_duration_seconds",
			Help: "How long egdquery serve waited for 16 bytes by command 1, once a second.",
			// 25 us is a good day; what takes a second is a failure.
			Buckets: []float64{.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5},
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "prngd_probe_failures_total",
			Help: "Times that egdquery serve got no such answer within 0.9 seconds.",
		}),
	}
}

// Observe counts one question: the time its answer took, or its error.
func (p *Probe) Observe(took time.Duration, err error) {
	if err != nil {
		p.failures.Inc()
		return
	}
	p.duration.Observe(took.Seconds())
}

// Describe implements [prometheus.Collector].
func (p *Probe) Describe(ch chan<- *prometheus.Desc) {
	p.duration.Describe(ch)
	p.failures.Describe(ch)
}

// Collect implements [prometheus.Collector].
func (p *Probe) Collect(ch chan<- prometheus.Metric) {
	p.duration.Collect(ch)
	p.failures.Collect(ch)
}
