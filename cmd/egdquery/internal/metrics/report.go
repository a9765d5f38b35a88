// Package metrics turns a prngd report into Prometheus metrics. docs/metrics.md
// lists them for the reader.
package metrics

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"prngd/internal/control"
)

// metric is one name and how its values come out of a report.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	emit func(r *control.Report, out func(value float64, labels ...string))
}

// Report collects from what ask returns, which is called once for each scrape.
type Report struct {
	ask  func() (*control.Report, error)
	menu []metric
}

// NewReport returns a collector. An error of ask is up 0 and nothing else.
func NewReport(ask func() (*control.Report, error)) *Report {
	return &Report{ask, menu()}
}

var up = prometheus.NewDesc("prngd_up", "Whether prngd answered on its control socket.", nil, nil)

// Describe implements [prometheus.Collector].
func (c *Report) Describe(ch chan<- *prometheus.Desc) {
	ch <- up
	for _, m := range c.menu {
		ch <- m.desc
	}
}

// Collect implements [prometheus.Collector].
func (c *Report) Collect(ch chan<- prometheus.Metric) {
	r, err := c.ask()
	if err != nil {
		ch <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 0)
		return
	}
	ch <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 1)
	for _, m := range c.menu {
		seen := map[string]bool{} // two sources may have one name: one series is better than no scrape
		m.emit(r, func(value float64, labels ...string) {
			key := fmt.Sprintf("%q", labels)
			if !seen[key] {
				ch <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
				seen[key] = true
			}
		})
	}
}

func gauge(name, help string, emit func(*control.Report, func(float64, ...string)), labels ...string) metric {
	return metric{prometheus.NewDesc("prngd_"+name, help, labels, nil), prometheus.GaugeValue, emit}
}

func counter(name, help string, emit func(*control.Report, func(float64, ...string)), labels ...string) metric {
	return metric{prometheus.NewDesc("prngd_"+name+"_total", help, labels, nil), prometheus.CounterValue, emit}
}

// one is the value of a metric without labels.
func one[T int | int64 | uint64 | float64](get func(*control.Report) T) func(*control.Report, func(float64, ...string)) {
	return func(r *control.Report, out func(float64, ...string)) { out(float64(get(r))) }
}

// stamp is a time as Prometheus has it; no time, no series.
func stamp(get func(*control.Report) *time.Time) func(*control.Report, func(float64, ...string)) {
	return func(r *control.Report, out func(float64, ...string)) {
		if t := get(r); t != nil {
			out(unix(*t))
		}
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
