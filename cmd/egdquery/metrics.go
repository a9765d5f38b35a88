package main

import (
	"bytes"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/urfave/cli/v2"

	"prngd/cmd/egdquery/internal/metrics"
	"prngd/internal/control"
)

// printMetrics prints the text for node_exporter's textfile collector. A
// daemon that does not answer is a metric too, and still the exit status of
// any other verb.
func printMetrics(c *cli.Context) error {
	s, err := findControls(c, defaultLimit)
	if err != nil {
		return err
	}
	var unanswered error
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.NewReport(func() (r *control.Report, err error) {
		r, unanswered = s.ask(control.Status)
		return r, unanswered
	}))
	families, err := registry.Gather()
	if err != nil {
		return &exitError{exitProtocol, fmt.Errorf("gathering metrics: %w", err)}
	}
	var out bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&out, family); err != nil {
			return &exitError{exitProtocol, fmt.Errorf("writing metrics: %w", err)}
		}
	}
	if _, err := out.WriteTo(c.App.Writer); err != nil {
		return outputError(err)
	}
	return unanswered
}
