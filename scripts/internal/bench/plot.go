//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

const (
	width, height           = 720, 420
	left, right, top, below = 80, 20, 40, 50
)

// plots draws latency and throughput, if there are points. The marks are what others were measured at.
func plots(dir string, points []point) {
	if len(points) == 0 {
		return
	}
	for _, p := range []plot{
		{"latency", "Median time of a 32-byte reply, one request under way on each connection", "microseconds", p50,
			[]mark{{"PRNGD 0.9.29, 94 % empty", 44}, {"entropybroker", 167}}},
		{"throughput", "Full 32-byte replies a second, server and load on a core each", "replies a second", rate,
			[]mark{{"PRNGD 0.9.29, 50 connections", 960}}},
	} {
		check(os.WriteFile(filepath.Join(dir, p.file+".svg"), p.svg(points), 0o644))
	}
}

// plot is two lines over the number of connections, both axes logarithmic, and marks across.
type plot struct {
	file, title, y string
	of             int // the index of an outcome
	marks          []mark
}

type mark struct {
	name string
	y    float64
}

func (p plot) svg(points []point) []byte {
	low, high, last := math.Inf(1), 0.0, float64(points[len(points)-1].k)
	for _, x := range points {
		low, high = min(low, x.medians[0][p.of], x.medians[1][p.of]), max(high, x.medians[0][p.of], x.medians[1][p.of])
	}
	for _, m := range p.marks {
		low, high = min(low, m.y), max(high, m.y)
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	atX := func(x float64) float64 { return left + (width-left-right)*math.Log10(x)/max(math.Log10(last), 1) }
	atY := func(y float64) float64 { return top + (height-top-below)*(high-math.Log10(y))/(high-low) }

	var b bytes.Buffer
	draw := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	text := func(x, y float64, style, format string, args ...any) {
		draw(`<text x="%.1f" y="%.1f" %s>%s</text>`, x, y, style, fmt.Sprintf(format, args...))
	}
	const middle, end = `text-anchor="middle"`, `text-anchor="end"`
	draw(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, width, height)
	draw(`<rect width="%d" height="%d" fill="white"/>`, width, height)
	text(left, 20, `font-size="14"`, "%s", p.title)
	for e := low; e <= high; e++ {
		y := atY(math.Pow(10, e))
		draw(`<path d="M%d %.1fH%d" stroke="#ddd"/>`, left, y, width-right)
		text(left-8, y+4, end, "%.0f", math.Pow(10, e))
	}
	for x := 1.0; x <= last; x *= 10 {
		draw(`<path d="M%.1f %dV%d" stroke="#ddd"/>`, atX(x), top, height-below)
		text(atX(x), height-below+18, middle, "%.0f", x)
	}
	text((left+width-right)/2, height-12, middle, "connections")
	draw(`<text transform="translate(16 %d) rotate(-90)" %s>%s</text>`, (top+height-below)/2, middle, p.y)
	for _, m := range p.marks {
		draw(`<path d="M%d %.1fH%d" stroke="#999" stroke-dasharray="5 4"/>`, left, atY(m.y), width-right)
		text(width-right, atY(m.y)-4, end+` fill="#666"`, "%s: %g", m.name, m.y)
	}
	for side, name := range []string{"a server that computes nothing", "prngd"} {
		colour, line := []string{"#d95f02", "#1b6ca8"}[side], float64(top+18*side)
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, colour)
		for _, x := range points {
			fmt.Fprintf(&b, "%.1f,%.1f ", atX(float64(x.k)), atY(x.medians[side][p.of]))
		}
		draw(`"/><path d="M%d %.0fh24" stroke="%s" stroke-width="2"/>`, left+12, line+14, colour)
		text(left+42, line+18, "", "%s", name)
	}
	draw("</svg>")
	return b.Bytes()
}
