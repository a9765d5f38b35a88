package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOneCommandLine: man page and completions have the options of the table in flags, and no others.
func TestOneCommandLine(t *testing.T) {
	known := []string{"help"}
	for _, f := range flags(&Options{}, nil) {
		known = append(known, f.Names()...)
	}
	for file, option := range map[string]string{
		"../../docs/man/prngd.8":                `(?m)(?:^\.It| ,) Fl (?:Fl )?([a-z-]+)`,
		"../../packaging/completion/prngd.bash": `--([a-z][a-z-]*)`,
		"../../packaging/completion/prngd.fish": ` -l ([a-z-]+)`,
		"../../packaging/completion/_prngd":     `--([a-z][a-z-]*)`,
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, m := range regexp.MustCompile(option).FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1])
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s has the option %s, which the table has not", file, m[1])
			}
		}
		for _, f := range flags(&Options{}, nil) {
			for i, name := range f.Names() {
				if (i == 0 || len(name) == 1 && strings.HasSuffix(file, ".8")) && !slices.Contains(found, name) {
					t.Errorf("%s has no %s", file, name)
				}
			}
		}
	}
}
