//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"prngd/test/harness"
)

// growth says what a request costs for the connections of a curve, for its size and
// for the sockets that the daemon listens at: a core for each side, and 50
// connections where their number does not change.
func (p *pair) growth(o options, points []point) (lines []string, err error) {
	sizes, err := p.sizes(o)
	if err != nil {
		return nil, err
	}
	sockets, err := listeners(o)
	if err != nil {
		return nil, err
	}
	lines = []string{connections(points), sizes, sockets}
	for _, line := range lines {
		fmt.Println(line)
	}
	return lines, nil
}

func connections(points []point) string {
	var list []string
	for _, p := range points {
		list = append(list, fmt.Sprintf("%d: %.2f us (%.2f)", p.k, p.ours.cpu, p.ours.cpu/p.floor.cpu))
	}
	return "CPU per request by connections, and ratio to the floor: " + strings.Join(list, ", ")
}

func (p *pair) sizes(o options) (string, error) {
	var list []string
	for _, n := range []byte{1, 16, 32, 64, 128, 255} {
		r, err := p.measure(figure{cores: 1, take: func(s *server) (float64, error) {
			r, err := sustain(s, 50, n, o.slice)
			return of(cost, r, err)
		}}, o.rounds)
		if err != nil {
			return "", err
		}
		list = append(list, fmt.Sprintf("%d B %.2f us (%.2f)", n, r.ours, r.ratio))
	}
	return "CPU per request by size, and ratio to the floor: " + strings.Join(list, ", "), nil
}

// listeners measures daemons with more and more sockets, by the last of them.
func listeners(o options) (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := harness.Pin(1); err != nil {
		return "", err
	}
	var list []string
	for _, count := range []int{1, 10, 100, 1000} {
		o.dir = filepath.Join(o.dir, fmt.Sprint(count))
		if err := os.MkdirAll(o.dir, 0o700); err != nil {
			return "", err
		}
		s, err := startDaemon(o, count-1)
		if err != nil {
			return "", err
		}
		var costs []float64
		for range o.rounds {
			r, err := sustain(s, 50, 32, o.slice)
			if err != nil {
				s.stop()
				return "", err
			}
			costs = append(costs, r.cpu)
		}
		memory, _ := s.memory()
		s.stop()
		list = append(list, fmt.Sprintf("%d: %.2f us, %d KiB", count, middle(costs), memory))
	}
	return "CPU per request and RSS by listeners: " + strings.Join(list, "; "), nil
}
