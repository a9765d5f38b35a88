package main

import "prngd/cmd/egdquery/internal/metrics"

// printMetrics prints the text for node_exporter's textfile collector. A
// daemon that does not answer is a metric too, and still the exit status of
// any other verb.
func printMetrics(c *call) error {
	s, err := c.controls(defaultLimit)
	if err != nil {
		return err
	}
	r, unanswered := s.report()
	if err := c.print(string(metrics.Text(r))); err != nil {
		return err
	}
	return unanswered
}
