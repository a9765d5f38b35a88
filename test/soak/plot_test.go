//go:build linux

package soak

import (
	"bytes"
	"fmt"
	"os"
	"slices"
)

// The plot is a strip for each gauge over the same time. Grey lines are upgrades,
// the shade is where the daemon has to be steady, the orange line its trend there.
const (
	width, left, right = 900, 190, 20
	strip, space       = 90, 26
)

func (w *watcher) draw(path string) error {
	if path == "" || len(w.samples) == 0 {
		return nil
	}
	height := len(gauges)*(strip+space) + space
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i := range gauges {
		w.strip(&b, i, float64(space/2+i*(strip+space)))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%v</text>`+"\n</svg>\n", width-right, height-8, w.length)
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func (w *watcher) strip(b *bytes.Buffer, i int, top float64) {
	var ys []float64
	for _, s := range w.samples {
		ys = append(ys, s.is[i])
	}
	high := max(slices.Max(ys)*1.05, 1)
	x := func(minutes float64) float64 { return left + (width-left-right)*min(minutes/w.length.Minutes(), 1) }
	y := func(v float64) float64 { return top + strip*(1-v/high) }
	minutes, figures := w.series(i)
	if len(minutes) > 0 {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="#f4f4ec"/>`+"\n",
			x(minutes[0]), top, x(minutes[len(minutes)-1])-x(minutes[0]), strip)
	}
	for j, s := range w.samples[1:] {
		if s.upgrades > w.samples[j].upgrades {
			fmt.Fprintf(b, `<path d="M%.1f %.1fv%d" stroke="#ccc"/>`+"\n", x(s.at.Minutes()), top, strip)
		}
	}
	fmt.Fprintf(b, `<path d="M%d %.1fv%dH%d" fill="none" stroke="#888"/>`+"\n", left, top, strip, width-right)
	fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%s</text><text x="%d" y="%.1f" text-anchor="end" fill="#666">0 to %.4g %s</text>`+"\n",
		left-8, top+16, gauges[i].name, left-8, top+32, high, gauges[i].unit)
	fmt.Fprint(b, `<polyline fill="none" stroke="#1b6ca8" points="`)
	for _, s := range w.samples {
		fmt.Fprintf(b, "%.1f,%.1f ", x(s.at.Minutes()), y(s.is[i]))
	}
	fmt.Fprintln(b, `"/>`)
	if len(minutes) > 0 {
		t, mx, my := trendOf(minutes, figures), median(minutes), median(figures)
		from, to := minutes[0], minutes[len(minutes)-1]
		fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#d95f02" stroke-width="2"/>`+"\n",
			x(from), y(my+t.slope*(from-mx)), x(to), y(my+t.slope*(to-mx)))
	}
}
