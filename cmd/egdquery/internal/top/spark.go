package top

import (
	"fmt"
	"math"
	"time"

	"prngd/cmd/egdquery/internal/human"
)

// blocks are an eighth to eight eighths, U+2581 on; lines of dots for others.
var (
	blocks = []rune("▁▂▃▄▅▆▇█")
	dots   = []rune("_.,-=+*#")
)

// label is what stands left of a sparkline.
const label = 22

func (m *Model) sparks() []string {
	seconds := func(v float64) string { return human.Span(time.Duration(v * float64(time.Second))) }
	return []string{
		m.spark("requests", func(v float64) string { return human.Number(v) + "/s" }, func(t tick) float64 { return t.requests }),
		m.spark("sent", func(v float64) string { return human.Size(v) + "/s" }, func(t tick) float64 { return t.sent }),
		m.spark("latency", seconds, func(t tick) float64 { return t.latency }),
		m.spark("clients", human.Number, func(t tick) float64 { return t.clients }),
	}
}

// spark is the last value and the way to it, as far as there is room.
func (m *Model) spark(name string, write func(float64) string, get func(tick) float64) string {
	seen := m.trace[max(0, len(m.trace)-max(0, m.width-label)):]
	values := make([]float64, len(seen))
	for i, t := range seen {
		values[i] = get(t)
	}
	now := "-"
	if len(values) > 0 && values[len(values)-1] >= 0 {
		now = write(values[len(values)-1])
	}
	shapes := blocks
	if m.ascii {
		shapes = dots
	}
	return fmt.Sprintf("%-8s %11s  %s", name, now, green.write(sparkline(values, shapes)))
}

// sparkline draws values from 0 to their greatest; what is not known is blank.
func sparkline(values []float64, shapes []rune) string {
	most := 0.0
	for _, v := range values {
		most = math.Max(most, v)
	}
	line := make([]rune, len(values))
	for i, v := range values {
		switch {
		case v < 0:
			line[i] = ' '
		case most == 0:
			line[i] = shapes[0]
		default:
			line[i] = shapes[min(int(v/most*float64(len(shapes))), len(shapes)-1)]
		}
	}
	return string(line)
}
