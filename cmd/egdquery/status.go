package main

import (
	"bytes"
	"encoding/json"

	"prngd/internal/control"
)

// statusData is the report with the judgement over it. docs/metrics.md has
// every field.
type statusData struct {
	Health  string   `json:"health"`
	Reasons []string `json:"reasons"` // gravest first; empty if ok
	*control.Report
}

// status prints the report for reading, or as data.
func status(c *call) error {
	s, err := c.controls(defaultLimit)
	if err != nil {
		return err
	}
	r, err := s.report()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	health, reasons := r.Health()
	if c.json {
		e := json.NewEncoder(&out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(statusData{health.String(), append([]string{}, reasons...), r})
	} else {
		err = writeStatus(&out, r, health, reasons)
	}
	if err != nil {
		return outputError(err)
	}
	return c.print(out.String())
}
