package metrics_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"prngd/cmd/egdquery/internal/exemplar"
	"prngd/cmd/egdquery/internal/metrics"
	"prngd/internal/control"
)

func TestValues(t *testing.T) {
	r := exemplar.Report()
	r.Sources = append(r.Sources, r.Sources[0], r.Sources[1]) // two of one name
	r.Sources[len(r.Sources)-1].Name = "\"\n\\\ufffd"
	r.Checks = []control.Check{{What: "uid", Asked: "9708", Is: "0"}, {What: "mode", Asked: "a", Is: "a"}}
	r.Change = &control.Change{Kind: "reload", Error: "x"}
	r.Listeners[1].Error = "address not up"
	text := parsed(t, metrics.Text(r))
	for _, want := range []string{
		"prngd_up 1",
		"prngd_health 1",
		`prngd_check_failing{check="uid"} 1`,
		`prngd_check_failing{check="mode"} 0`,
		`prngd_change_refused{kind="reload"} 1`,
		`prngd_change_refused{kind="upgrade"} 0`,
		`prngd_listener_failing{address="tcp/localhost:708"} 1`,
		`prngd_generator_state{state="seeded"} 1`,
		`prngd_generator_state{state="unseeded"} 0`,
		"prngd_first_seed_entropy_bytes 64",
		`prngd_source_credited_entropy_bytes_total{source="kernel"} 1280`,
		`prngd_source_credit_ratio{source="kernel"} 1`,
		`prngd_source_state{source="net",state="failing"} 1`,
		`prngd_source_state{source="net",state="retired"} 0`,
		`prngd_source_effective_credit_ratio{source="jitter"} 0.001953125`,
		`prngd_source_estimate_ratio{source="jitter"} 0.3125`,
		`prngd_source_dropped_samples_total{source="jitter"} 1`,
		`prngd_source_samples_total{source="\"\n\\` + "\ufffd" + `"} 192`,
		`prngd_requests_total{command="readb"} 1200`,
		`prngd_refused_connections_total{reason="per uid"} 2`,
		"prngd_start_time_seconds 1.767354725e+09",
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// parsed returns text that Prometheus' own parser takes, without a word lost.
func parsed(t *testing.T, text []byte) string {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var again bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if _, err := expfmt.MetricFamilyToText(&again, families[name]); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := sorted(text), sorted(again.Bytes()); got != want {
		t.Errorf("got\n%s\nexpected\n%s", got, want)
	}
	return string(text)
}

func sorted(text []byte) string {
	lines := strings.Split(string(text), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Every state of a gatherer has a series: testing and retired once had none.
func TestEverySourceState(t *testing.T) {
	text, err := os.ReadFile("../../../../gatherers/status.go")
	if err != nil {
		t.Fatal(err)
	}
	states := regexp.MustCompile(`State = "(\w+)"`).FindAllSubmatch(text, -1)
	if len(states) < 8 {
		t.Fatalf("%d states found", len(states))
	}
	for _, m := range states {
		r := exemplar.Report()
		r.Sources[0].State = string(m[1])
		if want := `prngd_source_state{source="kernel",state="` + r.Sources[0].State + `"} 1`; !strings.Contains(string(metrics.Text(r)), want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(string(metrics.Text(exemplar.Report())), `prngd_source_estimate_ratio{source="kernel"}`) {
		t.Error("an estimate where there is none")
	}
}

func TestNobodyAnswers(t *testing.T) {
	const want = "# HELP prngd_up Whether prngd answered on its control socket.\n# TYPE prngd_up gauge\nprngd_up 0\n"
	if got := parsed(t, metrics.Text(nil)); got != want {
		t.Errorf("got %s", got)
	}
}

// Before anything happened there are fewer series, and none that lies.
func TestEmptyReport(t *testing.T) {
	text := parsed(t, metrics.Text(&control.Report{}))
	for _, unknown := range []string{"last_save", "seeding_duration", "last_reseed", "last_refusal"} {
		if strings.Contains(text, unknown) {
			t.Errorf("%s although there was none", unknown)
		}
	}
}

func TestProbe(t *testing.T) {
	p := metrics.NewProbe()
	p.Observe(30*time.Microsecond, nil)
	p.Observe(25*time.Microsecond, nil)
	p.Observe(2*time.Second, nil)
	p.Observe(0, errors.New("no answer"))
	text := parsed(t, p.Text())
	for _, want := range []string{`_bucket{le="2.5e-05"} 1`, `_bucket{le="5e-05"} 2`, `_bucket{le="0.5"} 2`, `_bucket{le="+Inf"} 3`, "_sum 2.000055", "_count 3"} {
		if !strings.Contains(text, "prngd_probe_duration_seconds"+want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if !strings.Contains(text, "prngd_probe_failures_total 1\n") {
		t.Error(text)
	}
}

func TestConventions(t *testing.T) {
	lint := func(text []byte) []promlint.Problem {
		problems, err := promlint.New(bytes.NewReader(text)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		return problems
	}
	if problems := lint(append(metrics.Text(exemplar.Report()), metrics.NewProbe().Text()...)); len(problems) > 0 {
		t.Error(problems)
	}
	if len(lint([]byte("# TYPE seed_bits gauge\nseed_bits 1\n"))) == 0 {
		t.Error("the check finds nothing wrong in bits")
	}
}

// docs/metrics.md has every metric and every field of the report, and no other.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "metrics", metrics.Names(), rows(doc, `prngd_\w+`))
	fields := jsonFields(reflect.TypeFor[control.Report](), "")
	compare(t, "fields", append(fields, "health", "reasons"), rows(doc, `[a-z_]+(?:\.[a-z_]+|\[\])*`))
}

func compare(t *testing.T, what string, want, got []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s: %s is not documented", what, name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) && (what == "metrics") == strings.HasPrefix(name, "prngd_") {
			t.Errorf("%s: documented %s does not exist", what, name)
		}
	}
}

// rows returns the first cells, in code, of the tables in a document.
func rows(doc []byte, pattern string) (names []string) {
	for _, m := range regexp.MustCompile("(?m)^\\| `("+pattern+")").FindAllStringSubmatch(string(doc), -1) {
		names = append(names, m[1])
	}
	return names
}

func jsonFields(t reflect.Type, prefix string) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		name = prefix + name
		switch inner := f.Type; {
		case inner.Kind() == reflect.Struct && inner.PkgPath() == t.PkgPath():
			names = append(names, jsonFields(inner, name+".")...)
		case inner.Kind() == reflect.Pointer && inner.Elem().PkgPath() == t.PkgPath():
			names = append(names, jsonFields(inner.Elem(), name+".")...)
		case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
			names = append(names, jsonFields(inner.Elem(), name+"[].")...)
		default:
			names = append(names, name)
		}
	}
	return names
}
