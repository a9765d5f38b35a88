//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math"
)

// plot is two lines over the number of connections, both axes logarithmic.
type plot struct {
	title, y       string
	x, floor, ours []float64
	marks          []mark
}

// mark is a horizontal line: what somebody else was measured at.
type mark struct {
	name string
	y    float64
}

func (p *plot) add(x, floor, ours float64) {
	p.x, p.floor, p.ours = append(p.x, x), append(p.floor, floor), append(p.ours, ours)
}

const (
	width, height           = 720, 420
	left, right, top, below = 80, 20, 40, 50
)

// svg draws it.
func (p *plot) svg() []byte {
	low, high := math.Inf(1), 0.0
	for i := range p.x {
		low, high = min(low, p.floor[i], p.ours[i]), max(high, p.floor[i], p.ours[i])
	}
	for _, m := range p.marks {
		low, high = min(low, m.y), max(high, m.y)
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	last := math.Log10(p.x[len(p.x)-1])
	at := func(x, y float64) (float64, float64) {
		return left + (width-left-right)*math.Log10(x)/max(last, 1),
			top + (height-top-below)*(high-math.Log10(y))/(high-low)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/><text x="%d" y="20" font-size="14">%s</text>`+"\n", width, height, left, p.title)
	for e := low; e <= high; e++ {
		_, y := at(1, math.Pow(10, e))
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left, y, width-right, left-8, y+4, math.Pow(10, e))
	}
	for x := 1.0; x <= p.x[len(p.x)-1]; x *= 10 {
		at, _ := at(x, 1)
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", at, top, height-below, at, height-below+18, x)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">connections</text><text transform="translate(16 %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n",
		(left+width-right)/2, height-12, (top+height-below)/2, p.y)
	for _, m := range p.marks {
		_, y := at(1, m.y)
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#999" stroke-dasharray="5 4"/><text x="%d" y="%.1f" text-anchor="end" fill="#666">%s: %g</text>`+"\n", left, y, width-right, width-right, y-4, m.name, m.y)
	}
	p.line(&b, at, p.floor, "#d95f02", "a server that computes nothing", 0)
	p.line(&b, at, p.ours, "#1b6ca8", "prngd", 1)
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (p *plot) line(b *bytes.Buffer, at func(x, y float64) (float64, float64), ys []float64, colour, name string, row int) {
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, colour)
	for i, x := range p.x {
		px, py := at(x, ys[i])
		fmt.Fprintf(b, "%.1f,%.1f ", px, py)
	}
	fmt.Fprintf(b, `"/><path d="M%d %dh24" stroke="%s" stroke-width="2"/><text x="%d" y="%d">%s</text>`+"\n",
		left+12, top+14+18*row, colour, left+42, top+18+18*row, name)
}
