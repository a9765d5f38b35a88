// Package metrics turns a prngd report into Prometheus' text format.
// docs/metrics.md lists the metrics for the reader.
package metrics

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"prngd/internal/control"
)

// metric is one name and how its values come out of a report.
type metric struct {
	name, kind, help string
	labels           []string
	emit             func(r *control.Report, out func(value float64, labels ...string))
}

// up is the one metric that there is without a report.
var up = gauge("up", "Whether prngd answered on its control socket.", nil)

// Names returns the name of every metric, those of [Probe] included.
func Names() []string {
	names := []string{up.name, probeDuration, probeFailures}
	for _, m := range table() {
		names = append(names, m.name)
	}
	return names
}

// Text returns the metrics of r in the text format, version 0.0.4, each with its
// help and kind; without a report, prngd_up 0 alone.
func Text(r *control.Report) []byte {
	var text bytes.Buffer
	up.header(&text)
	if r == nil {
		sample(&text, up.name, nil, nil, 0)
		return text.Bytes()
	}
	sample(&text, up.name, nil, nil, 1)
	for _, m := range table() {
		m.write(&text, r)
	}
	return text.Bytes()
}

func (m metric) header(text *bytes.Buffer) {
	fmt.Fprintf(text, "# HELP %s %s\n# TYPE %s %s\n", m.name, helpEscape.Replace(m.help), m.name, m.kind)
}

// write writes m if it has a value, its series in the order of their labels.
func (m metric) write(text *bytes.Buffer, r *control.Report) {
	var lines []string
	seen := map[string]bool{} // two sources may have one name: one series is better than no scrape
	m.emit(r, func(value float64, labels ...string) {
		key := fmt.Sprintf("%q", labels)
		if !seen[key] {
			seen[key] = true
			var line bytes.Buffer
			sample(&line, m.name, m.labels, labels, value)
			lines = append(lines, line.String())
		}
	})
	if len(lines) > 0 {
		m.header(text)
		slices.Sort(lines)
		text.WriteString(strings.Join(lines, ""))
	}
}

var (
	helpEscape  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

func sample(text *bytes.Buffer, name string, labels, values []string, value float64) {
	text.WriteString(name)
	for i, label := range labels {
		fmt.Fprintf(text, `%c%s="%s"`, "{,"[min(i, 1)], label, labelEscape.Replace(values[i]))
	}
	if len(labels) > 0 {
		text.WriteByte('}')
	}
	fmt.Fprintf(text, " %s\n", strconv.FormatFloat(value, 'g', -1, 64))
}

func gauge(name, help string, emit func(*control.Report, func(float64, ...string)), labels ...string) metric {
	return metric{"prngd_" + name, "gauge", help, labels, emit}
}

func counter(name, help string, emit func(*control.Report, func(float64, ...string)), labels ...string) metric {
	return metric{"prngd_" + name + "_total", "counter", help, labels, emit}
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
