//go:build linux

package soak

import (
	"bytes"
	"fmt"
	"os"
	"time"
)

// The plot is a strip for each gauge over the same time. Grey lines are upgrades, the shade is where the daemon has to
// be steady, the orange line what is judged there: the second quarter and the last.
const (
	width, margin, right = 900, 190, 20
	strip, space         = 90, 26
)

func (w *watcher) draw(path string) {
	if path == "" || len(w.samples) == 0 {
		return
	}
	height := len(gauges)*(strip+space) + space
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i := range gauges {
		w.strip(&b, i, float64(space/2+i*(strip+space)))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%v</text>`+"\n</svg>\n", width-right, height-8, w.length)
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		w.t.Error(err)
	}
}

func (w *watcher) strip(b *bytes.Buffer, gauge int, top float64) {
	high := 1.0
	for _, s := range w.samples {
		high = max(high, s.is[gauge]*1.05)
	}
	x := func(at time.Duration) float64 {
		return margin + (width-margin-right)*min(at.Seconds()/w.length.Seconds(), 1)
	}
	y := func(v float64) float64 { return top + strip*(1-v/high) }
	begin, end := w.steadyPart()
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="#f4f4ec"/>`+"\n", x(begin), top, x(end)-x(begin), strip)
	for j, s := range w.samples[1:] {
		if s.upgrades > w.samples[j].upgrades {
			fmt.Fprintf(b, `<path d="M%.1f %.1fv%d" stroke="#ccc"/>`+"\n", x(s.at), top, strip)
		}
	}
	fmt.Fprintf(b, `<path d="M%d %.1fv%dH%d" fill="none" stroke="#888"/>`+"\n", margin, top, strip, width-right)
	fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%s</text><text x="%d" y="%.1f" text-anchor="end" fill="#666">0 to %.4g %s</text>`+"\n",
		margin-8, top+16, gauges[gauge].name, margin-8, top+32, high, gauges[gauge].unit)
	fmt.Fprint(b, `<polyline fill="none" stroke="#1b6ca8" points="`)
	for _, s := range w.samples {
		fmt.Fprintf(b, "%.1f,%.1f ", x(s.at), y(s.is[gauge]))
	}
	second, last := growth(w.steady(gauge), gauges[gauge].share)
	fmt.Fprintf(b, `"/>`+"\n"+`<path d="M%.1f %.1fL%.1f %.1f" stroke="#d95f02" stroke-width="2"/>`+"\n",
		x(begin+(end-begin)*3/8), y(second), x(begin+(end-begin)*7/8), y(last))
}
