package config_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
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

// TestManualNamesEveryDirective: prngd.conf(5) has the words of each directive's
// syntax and of its default, and no other directive. See C6.
func TestManualNamesEveryDirective(t *testing.T) {
	page, err := os.ReadFile("../../docs/man/prngd.conf.5")
	if err != nil {
		t.Fatal(err)
	}
	heads, bodies := map[string]string{}, map[string]string{}
	name := ""
	for _, line := range strings.Split(string(page), "\n") {
		if head, is := strings.CutPrefix(line, ".It Cm "); is {
			words := strings.Fields(head)
			name = words[0]
			heads[name] += " " + manualSyntax(words[1:])
		} else if strings.HasPrefix(line, ".El") || strings.HasPrefix(line, ".It") {
			name = ""
		}
		bodies[name] += line + "\n"
	}
	delete(bodies, "")
	for _, d := range config.Directives() {
		if got, want := wordSet(heads[d.Name]), wordSet(d.Syntax); !slices.Equal(got, want) {
			t.Errorf("%s: the manual has %q, the table %q", d.Name, got, want)
		}
		for _, word := range wordSet(d.Default) {
			if !strings.Contains(bodies[d.Name], word) {
				t.Errorf("%s: the manual does not have the default %s", d.Name, word)
			}
		}
		delete(bodies, d.Name)
	}
	if len(bodies) > 0 {
		t.Errorf("in the manual alone: %v", bodies)
	}
}

// manualSyntax renders the words of an mdoc heading, arguments in capitals.
func manualSyntax(words []string) string {
	text, argument := "", false
	for _, w := range words {
		switch w {
		case "Cm", "Ar":
			argument = w == "Ar"
		case "Ns", "Oo", "Oc", "Op", `\(dq`:
		default:
			if argument {
				w = strings.ToUpper(w)
			}
			text += " " + strings.TrimSuffix(w, `\&`)
		}
	}
	return text
}

// wordSet returns the words of a syntax without its punctuation, each once, sorted.
func wordSet(syntax string) []string {
	words := strings.FieldsFunc(syntax, func(r rune) bool { return strings.ContainsRune(" []|=,:\"", r) })
	words = slices.DeleteFunc(words, func(w string) bool { return w == "..." || w == "tcp/" })
	for i, w := range words {
		words[i] = strings.TrimPrefix(strings.TrimPrefix(w, "tcp/"), ".")
	}
	slices.Sort(words)
	return slices.Compact(words)
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
