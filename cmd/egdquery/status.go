package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

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
func status(c *cli.Context) error {
	s, err := findControls(c, defaultLimit)
	if err != nil {
		return err
	}
	r, err := s.ask(control.Status)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	health, reasons := r.Health()
	if c.Bool("json") {
		e := json.NewEncoder(&out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(statusData{health.String(), append([]string{}, reasons...), r})
	} else {
		err = writeStatus(&out, r, health, reasons)
	}
	if err == nil {
		_, err = out.WriteTo(c.App.Writer)
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("writing standard output: %w", err)}
	}
	return nil
}
