package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prngd/internal/config"
)

// TestCollectedFiles checks real files of PRNGD and OpenSSH, which are other
// people's and not ours to ship: PRNGD_CONF_SAMPLES names a directory of them
// with an EXPECTED.tsv (file, commands, undef, rejected, most words, lowest
// rate, highest rate, distinct paths).
func TestCollectedFiles(t *testing.T) {
	dir := os.Getenv("PRNGD_CONF_SAMPLES")
	if dir == "" {
		t.Skip("PRNGD_CONF_SAMPLES is not set to a directory with EXPECTED.tsv and the files it names")
	}
	table, err := os.ReadFile(filepath.Join(dir, "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(table)), "\n")[1:]
	if len(rows) == 0 {
		t.Fatal("EXPECTED.tsv names no file")
	}
	for _, want := range rows {
		name, _, _ := strings.Cut(want, "\t")
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		c, err := config.Parse(name, f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		checkLines(t, c)
		if got := row(name, c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func row(name string, c *config.Config) string {
	words, lowest, highest := 0, "-", "-"
	paths := map[string]bool{}
	var rates []float64
	for _, cmd := range c.Commands {
		words = max(words, len(cmd.Argv))
		paths[cmd.Path] = true
		rates = append(rates, cmd.Rate)
	}
	if len(rates) > 0 {
		lowest, highest = fmt.Sprint(slices.Min(rates)), fmt.Sprint(slices.Max(rates))
	}
	return fmt.Sprintf("%s\t%d\t%d\t%d\t%d\t%s\t%s\t%d",
		name, len(c.Commands), c.Undef, c.Rejected, words, lowest, highest, len(paths))
}

// checkLines holds every line to exactly one meaning.
func checkLines(t *testing.T, c *config.Config) {
	t.Helper()
	l := c.Lines
	sum := len(c.Commands) + c.Undef + c.Rejected + l.Ours + l.Blank + l.Comment
	if sum != l.All {
		t.Errorf("%d commands + %d undef + %d rejected + %d ours + %d blank + %d comments = %d, of %d lines",
			len(c.Commands), c.Undef, c.Rejected, l.Ours, l.Blank, l.Comment, sum, l.All)
	}
}
