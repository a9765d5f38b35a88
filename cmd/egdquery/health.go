package main

import (
	"fmt"
	"strings"

	"prngd/cmd/egdquery/internal/human"
	"prngd/internal/control"
)

// health prints one line as the Monitoring Plugins Development Guidelines want
// it and ends with the state as exit status: even an error is an answer then.
func health(c *call) error {
	s, err := c.controls(defaultLimit)
	if err != nil {
		return err
	}
	r, err := s.report()
	if err != nil {
		reason := strings.Join(strings.Fields(err.Error()), " ")
		return conclude(c, control.Unknown, "PRNGD UNKNOWN - "+plugInText(reason))
	}
	state, reasons := r.Health()
	if len(reasons) == 0 {
		reasons = []string{"seeded " + human.Ago(r.Generator.SeededAt, r.Now)}
	}
	line := fmt.Sprintf("PRNGD %s - %s | %s", strings.ToUpper(state.String()), plugInText(strings.Join(reasons, "; ")), performance(r))
	return conclude(c, state, line)
}

// plugInText keeps text out of the performance data.
func plugInText(s string) string { return strings.ReplaceAll(s, "|", "/") }

// conclude says the line, and leaves nothing to say to main but the status.
func conclude(c *call, state control.Health, line string) error {
	if err := c.print(line + "\n"); err != nil {
		return &exitError{int(control.Unknown), err}
	}
	if state == control.OK {
		return nil
	}
	return &exitError{code: int(state)}
}

// performance is the performance data: 'label'=value[unit];[warn];[crit];[min];[max].
func performance(r *control.Report) string {
	var requests, refused uint64
	for _, n := range r.Clients.Requests {
		requests += n
	}
	for _, n := range r.Clients.Refused {
		refused += n
	}
	troubled := 0
	for _, s := range r.Sources {
		if s.Troubled() {
			troubled++
		}
	}
	data := []string{
		fmt.Sprintf("first_seed_bits=%d;;;0;%d", r.Generator.FirstSeedBits, r.Generator.FirstSeedRequired),
		fmt.Sprintf("clients=%d;;;0", r.Clients.Now),
		fmt.Sprintf("requests=%dc", requests),
		fmt.Sprintf("sent_bytes=%dc", r.Clients.BytesOut),
		fmt.Sprintf("short_replies=%dc;;0", r.Clients.Short),
		fmt.Sprintf("refused=%dc", refused),
		fmt.Sprintf("sources_failing=%d;;;0;%d", troubled, len(r.Sources)),
	}
	if t := r.Seed.LastSave; t != nil {
		data = append(data, fmt.Sprintf("seed_age=%.0fs;7200;;0", max(r.Now.Sub(*t), 0).Seconds()))
	}
	if t := r.Generator.LastReseed; t != nil {
		data = append(data, fmt.Sprintf("reseed_age=%.0fs;1500;;0", max(r.Now.Sub(*t), 0).Seconds()))
	}
	return strings.Join(data, " ")
}
