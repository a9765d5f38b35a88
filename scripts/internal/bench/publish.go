//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// What is between these lines of performance.md is ours to replace.
const (
	beginMark = "<!-- figures: scripts/bench writes from here -->"
	endMark   = "<!-- figures: to here -->"
)

// publish replaces the figures in performance.md and draws the plots.
func publish(dir, machine string, rows []row, single []string, points []point) error {
	name := filepath.Join(dir, "performance.md")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	begin, end := bytes.Index(text, []byte(beginMark)), bytes.Index(text, []byte(endMark))
	if begin < 0 || end < begin {
		return fmt.Errorf("%s: expected the lines %q and %q", name, beginMark, endMark)
	}
	var b bytes.Buffer
	b.Write(text[:begin+len(beginMark)])
	fmt.Fprintf(&b, "\n\nMachine: %s\n\n| figure | floor | prngd | ratio | to reach | met | peer's ratio |\n|---|---|---|---|---|---|---|\n", machine)
	for _, r := range rows {
		peer := ""
		if r.peer != 0 {
			peer = fmt.Sprintf("%.2f", r.peer)
		}
		fmt.Fprintf(&b, "| %s | %s | %s %s | %.2f | %s | %s | %s |\n", r.name, digits(r.floor), digits(r.ours), r.unit, r.ratio, r.target(), r.met(), peer)
	}
	b.WriteString("\n")
	for _, line := range single {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteString("\n")
	b.Write(text[end:])
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		return err
	}
	if len(points) == 0 {
		return nil
	}
	return plots(dir, points)
}

func digits(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func plots(dir string, points []point) error {
	latency := plot{title: "Median time of a 32-byte reply, one request under way on each connection", y: "microseconds",
		marks: []mark{{"PRNGD 0.9.29, 94 % empty", 44}, {"entropybroker", 167}}}
	throughput := plot{title: "Full 32-byte replies a second, server and load on a core each", y: "replies a second",
		marks: []mark{{"PRNGD 0.9.29, 50 connections", 960}}}
	for _, p := range points {
		latency.add(float64(p.k), p.floor.p50, p.ours.p50)
		throughput.add(float64(p.k), p.floor.rate, p.ours.rate)
	}
	if err := os.WriteFile(filepath.Join(dir, "latency.svg"), latency.svg(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "throughput.svg"), throughput.svg(), 0o644)
}
