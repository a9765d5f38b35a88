package dashboard_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"prngd/cmd/egdquery/internal/dashboard"
	"prngd/cmd/egdquery/internal/exemplar"
	"prngd/cmd/egdquery/internal/watch"
)

func get(t *testing.T, h http.Handler, host, path string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sample is the exemplar seconds later, with 100 requests in each.
func sample(seconds int) watch.Sample {
	r := exemplar.Report()
	r.Now = r.Now.Add(time.Duration(seconds) * time.Second)
	r.Clients.Requests["read"] += uint64(100 * seconds)
	return watch.Sample{Time: r.Now, Report: r, Latency: time.Millisecond}
}

func TestPage(t *testing.T) {
	h := dashboard.New().Handler(http.NotFoundHandler(), false)
	for path, kind := range map[string]string{"/": "text/html", "/board.js": "text/javascript", "/plot.js": "text/javascript", "/text.js": "text/javascript", "/board.css": "text/css", "/icon.svg": "image/svg+xml"} {
		r := get(t, h, "127.0.0.1:9716", path)
		if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %s, %s", path, r.Status, r.Header.Get("Content-Type"))
		}
		if !strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "default-src 'none';") {
			t.Errorf("%s: no policy", path)
		}
		if text := body(t, r); path != "/icon.svg" && strings.Contains(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", ""), "://") {
			t.Errorf("%s: refers to elsewhere", path)
		}
	}
}

// A name that somebody's DNS leads here is turned away, unless others may come.
func TestForeignNames(t *testing.T) {
	b := dashboard.New()
	b.Add(sample(0))
	own, public := b.Handler(http.NotFoundHandler(), false), b.Handler(http.NotFoundHandler(), true)
	for host, want := range map[string]int{"127.0.0.1:9716": 200, "[::1]:9716": 200, "[::1]": 200, "LOCALHOST": 200, "rebound.example:9716": 421, "localhost.example": 421, "": 421} {
		if got := get(t, own, host, "/data?after=0").StatusCode; got != want {
			t.Errorf("%s: %d, expected %d", host, got, want)
		}
		if got := get(t, public, host, "/data?after=0").StatusCode; got != 200 {
			t.Errorf("%s in public: %d", host, got)
		}
	}
}

type view struct {
	First, Next int
	Health      string
	Stale       bool
	Reasons     []string
	Report      *struct{ Program string }
	Points      []struct {
		Requests, Latency *float64
		Bits              map[string]uint64
	}
}

func look(t *testing.T, h http.Handler, path string) (v view) {
	t.Helper()
	if err := json.NewDecoder(get(t, h, "localhost", path).Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestData(t *testing.T) {
	b := dashboard.New()
	h := b.Handler(http.NotFoundHandler(), false)
	for i := range 3 {
		b.Add(sample(i))
	}
	v := look(t, h, "/data?after=1")
	if v.First != 1 || v.Next != 3 || len(v.Points) != 2 || *v.Points[1].Requests != 100 || v.Points[1].Bits["kernel"] != 10240 || v.Health != "ok" {
		t.Errorf("got %+v", v)
	}
	b.Add(watch.Sample{Err: errors.New("gone"), LatencyErr: errors.New("gone")})
	v = look(t, h, "/data?after=3")
	if !v.Stale || v.Health != "unknown" || v.Report == nil || v.Points[0].Requests != nil || v.Points[0].Latency != nil {
		t.Errorf("while nobody answers: %+v", v)
	}
	for i := range 4000 {
		b.Add(sample(i))
	}
	if v = look(t, h, "/data?after=4"); v.First != 404 || len(v.Points) != 3600 {
		t.Errorf("a page that slept gets %d points from %d", len(v.Points), v.First)
	}
	if v = look(t, h, "/data?after=99999"); v.First != 404 {
		t.Errorf("a page of another server's gets points from %d", v.First)
	}
	if got := get(t, h, "localhost", "/data?after=x").StatusCode; got != 400 {
		t.Errorf("after=x: %d", got)
	}
}

func TestHealthz(t *testing.T) {
	b := dashboard.New()
	h := b.Handler(http.NotFoundHandler(), false)
	for _, c := range []struct {
		change func(*watch.Sample)
		code   int
		text   string
	}{
		{func(*watch.Sample) {}, 200, "ok\n"},
		{func(s *watch.Sample) { s.Report.Seed.Error = "disk full" }, 200, "degraded: seed file: disk full\n"},
		{func(s *watch.Sample) { s.Report.Clients.Short = 1 }, 503, "critical: 1 short replies while seeded\n"},
		{func(s *watch.Sample) { s.Report, s.Err = nil, errors.New("gone") }, 503, "unknown: gone\n"},
	} {
		s := sample(0)
		c.change(&s)
		b.Add(s)
		r := get(t, h, "localhost", "/healthz")
		if text := body(t, r); r.StatusCode != c.code || text != c.text {
			t.Errorf("got %d %q, expected %d %q", r.StatusCode, text, c.code, c.text)
		}
	}
}
