package metrics_test

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"prngd/cmd/egdquery/internal/exemplar"
	"prngd/cmd/egdquery/internal/metrics"
	"prngd/internal/control"
)

func TestValues(t *testing.T) {
	c := metrics.NewReport(func() (*control.Report, error) {
		r := exemplar.Report()
		r.Sources = append(r.Sources, r.Sources[0]) // two of one name
		r.Sources[1].Name = "\"\n\\\ufffd"
		return r, nil
	})
	text := format(t, c)
	for _, want := range []string{
		"prngd_up 1",
		"prngd_health 0",
		`prngd_generator_state{state="open"} 1`,
		`prngd_generator_state{state="shut"} 0`,
		"prngd_gate_entropy_bytes 64",
		`prngd_source_credited_entropy_bytes_total{source="kernel"} 1280`,
		`prngd_source_credit_ratio{source="kernel"} 1`,
		`prngd_source_state{source="net",state="failing"} 1`,
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

func format(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

func TestNobodyAnswers(t *testing.T) {
	c := metrics.NewReport(func() (*control.Report, error) { return nil, errors.New("no daemon") })
	if err := testutil.CollectAndCompare(c, strings.NewReader("# HELP prngd_up Whether prngd answered on its control socket.\n# TYPE prngd_up gauge\nprngd_up 0\n")); err != nil {
		t.Error(err)
	}
}

// Before anything happened there are fewer series, and none that lies.
func TestEmptyReport(t *testing.T) {
	c := metrics.NewReport(func() (*control.Report, error) { return &control.Report{}, nil })
	text := format(t, c)
	for _, unknown := range []string{"last_save", "seeding_duration", "last_reseed", "last_refusal"} {
		if strings.Contains(text, unknown) {
			t.Errorf("%s although there was none", unknown)
		}
	}
}

func TestConventions(t *testing.T) {
	problems, err := testutil.CollectAndLint(metrics.NewReport(func() (*control.Report, error) { return exemplar.Report(), nil }))
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Error(problems)
	}
	bad := prometheus.NewGauge(prometheus.GaugeOpts{Name: "gate_bits", Help: "x"})
	if problems, _ := testutil.CollectAndLint(bad); len(problems) == 0 {
		t.Error("the check finds nothing wrong in bits")
	}
}

// docs/metrics.md has every metric and every field of the report, and no other.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	descs := make(chan *prometheus.Desc, 200)
	metrics.NewReport(nil).Describe(descs)
	metrics.NewProbe().Describe(descs)
	close(descs)
	for d := range descs {
		want = append(want, regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(d.String())[1])
	}
	compare(t, "metrics", want, rows(doc, `prngd_\w+`))
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
		case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
			names = append(names, jsonFields(inner.Elem(), name+"[].")...)
		default:
			names = append(names, name)
		}
	}
	return names
}
