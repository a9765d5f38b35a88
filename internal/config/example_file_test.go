package config_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"prngd/internal/config"
)

func example(t *testing.T) string {
	text, err := os.ReadFile("../../prngd.conf.example")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestExampleChangesNothing: as shipped, all of it is commented out.
func TestExampleChangesNothing(t *testing.T) {
	got := parse(t, example(t))
	got.Lines = config.Lines{}
	if want := config.Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestExampleUncommented: every line that is meant to be used can be.
func TestExampleUncommented(t *testing.T) {
	text := regexp.MustCompile(`(?m)^#([a-z"])`).ReplaceAllString(example(t), "$1")
	c := parse(t, regexp.MustCompile(`(?m)^include .*$`).ReplaceAllString(text, "")) // of a file that is not here
	if len(c.Problems) > 0 {
		t.Errorf("problems: %v", c.Problems)
	}
	if len(c.Commands) < 2 || c.Undef != 1 {
		t.Errorf("%d commands, %d undef", len(c.Commands), c.Undef)
	}
}

// TestExampleNamesEveryDirective, with its sentence and its default.
func TestExampleNamesEveryDirective(t *testing.T) {
	text := example(t)
	for _, d := range config.Directives() {
		want := "# " + d.Doc + "\n#" + d.Name + " " + d.Default + "\n"
		if d.Default == "" {
			want = "# " + d.Doc + "\n# For example:\n#" + d.Name + " "
		}
		if !strings.Contains(text, want) {
			t.Errorf("missing:\n%s", want)
		}
	}
}

// TestDocumentedDefaults: what the table says about Default is so.
func TestDocumentedDefaults(t *testing.T) {
	var text strings.Builder
	for _, d := range config.Directives() {
		if d.Default != "" {
			text.WriteString(d.Name + " " + d.Default + "\n")
		}
	}
	got, want := resolve(t, text.String()), resolve(t, "")
	for _, s := range []*config.Settings{got, want} {
		s.Files, s.Lines = nil, config.Lines{}
		for _, where := range []*string{&s.Listen[0].Where, &s.Status.Where, &s.Seed.Where, &s.Log.Where, &s.User.Where, &s.CommandUser.Where} {
			*where = ""
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
