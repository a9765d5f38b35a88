package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"prngd/cmd/egdquery/internal/human"
	"prngd/internal/control"
)

// writeSources writes a row for each source, and its error below it if that is
// why it has not done better since.
func writeSources(out io.Writer, r *control.Report) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nSOURCE\tSTATE\tEVERY\tCREDIT\tEST\tSAMPLES\tBITS\tERRORS\tLAST\n")
	for _, s := range r.Sources {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.4g\t%s\t%s\t%s\t%d\t%s\n", s.Name, s.State, every(s.Every), s.Credit, estimated(s.Estimate),
			human.Number(float64(s.Samples)), human.Number(float64(s.Bits)), s.Errors, human.Ago(s.LastSample, r.Now))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range r.Sources {
		if s.LastError != "" && s.LastErrorAt != nil && (s.LastSample == nil || s.LastErrorAt.After(*s.LastSample)) {
			fmt.Fprintf(out, "  ! %s: %s (%s)\n", s.Name, s.LastError, human.Ago(s.LastErrorAt, r.Now))
		}
	}
	return nil
}

func every(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return human.Span(time.Duration(seconds * float64(time.Second)))
}

func estimated(bits *float64) string {
	if bits == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *bits)
}
