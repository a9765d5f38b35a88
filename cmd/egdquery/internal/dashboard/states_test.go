package dashboard_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"prngd/cmd/egdquery/internal/dashboard"
	"prngd/cmd/egdquery/internal/exemplar"
	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

// state is one that the page shows, and what must be true of it in the browser.
type state struct {
	name   string
	change func(r *control.Report)
	gone   time.Duration // since the daemon was seen; 0: it is there
	want   []string      // JavaScript that must be true
}

const rowNames = `[...document.querySelectorAll("#rows th")].map((e) => e.textContent).join("|")`

func tile(name string) string {
	return `[...document.querySelectorAll("#tiles dt")].find((e) => e.textContent === "` + name + `").nextSibling.textContent`
}

func rest(name string) string { return strings.Replace(tile(name), "#tiles", "#rest", 1) }

// states are C10 and its kind.
func states() []state {
	visible := func(selector string) string {
		return `(() => { const box = document.querySelector('` + selector + `').getBoundingClientRect(); return box.width > 20 && box.left >= 0 && box.right <= innerWidth; })()`
	}
	return []state{
		{"healthy", func(*control.Report) {}, 0, []string{
			`document.body.dataset.health === "ok" && document.getElementById("gone").hidden && document.getElementById("reasons").children.length === 0`,
			rowNames + ` === "jitter|kernel|3 that count nothing Show"`,
			`document.querySelector("tr.quiet .names").textContent === "cpu, mem, disk: healthy 3"`,
			tile("Seed file") + ` === "saved 12m ago"`,
			`document.querySelector("tr[data-source=jitter] [data-label='Credit of estimate']").textContent === "0.0156 of 2.5"`, // not 0.0
			tile("Requests/s") + ` === "100"`,                                                                                    // without the page's own
			tile("Clients") + ` === "11 of 3401 admitted"`,                                                                       // as well
			tile("Read latency") + ` === "0.055ms, p99 20ms"`,
			rest("Checks") + ` === "2, all as asked for"`,
			`document.getElementById("life").textContent === "pid 4711, up 3h21m"`,
		}},
		{"degraded", degrade, 0, []string{
			`document.body.dataset.health === "degraded"`,
			rowNames + `.startsWith("command:/usr/bin/vmstat|jitter|")`, // what fails comes first
			`document.querySelector("tr.error td").textContent === "exit status 1: cannot read /proc/stat: permission denied (10s ago)"`,
			visible("tr.error td"),
			`document.querySelector("#rows tr").nextSibling.className === "error"`,
			tile("Seed file") + ` === "failing"`,
			rest("Seed file") + ` === "/var/lib/prngd/seed: no space left on device"`,
			rest("Change") + ` === "reload refused 1m5s ago: prngd.conf:3: address 192.0.2.1 is not up (it may work later)"`,
			`document.getElementById("lines").textContent === "10s ago: Source fails: exit status 1 (source command:/usr/bin/vmstat)"`,
		}},
		{"gone", func(*control.Report) {}, 12 * time.Second, []string{
			`document.body.dataset.health === "unknown" && !document.getElementById("gone").hidden`,
			`/^prngd does not answer. Last seen 1[2-9]s ago: nothing below is newer.$/.test(document.getElementById("gone").textContent)`,
			`document.getElementById("gone").getBoundingClientRect().top <= 0`, // over everything
			`![...document.querySelectorAll("#rows .state")].some((e) => e.textContent.startsWith("✓"))`,
			`document.querySelector("tr[data-source=kernel] .state").textContent === "was healthy"`,
			`document.getElementById("word").textContent === "unknown"`,
		}},
		{"unseeded", unseed, 0, []string{
			`document.body.dataset.health === "degraded"`,
			tile("State") + ` === "unseeded, 96 of 512 bits"`,
			tile("Seed file") + ` === "failing"`, // not "none kept"
			rest("Seed file") + ` === "/var/lib/prngd/seed: permission denied"`,
			// A plot without a value has no scale.
			`document.querySelector("#plot-age .none").textContent === "nothing to show yet"`,
			`document.querySelectorAll("#plot-age .grid").length === 0`,
			`document.querySelector("#reasons li").textContent === "not seeded yet: 96 of 512 bits"`,
		}},
	}
}

// unseed makes it a daemon that was started 20 s ago and gave nobody a byte.
func unseed(r *control.Report) {
	r.Generator = control.Generator{State: control.StateUnseeded, FirstSeedBits: 96, FirstSeedRequired: 512}
	r.Started, r.Seed = r.Now.Add(-20*time.Second), control.Seed{Path: r.Seed.Path, Error: "permission denied"}
	last := r.Now.Add(-2 * time.Second)
	r.Sources = []control.Source{r.Sources[1]}
	r.Sources[0].Bits, r.Sources[0].Samples, r.Sources[0].LastSample = 96, 3, &last
	r.Clients = control.Clients{Now: 3, Ever: 3}
	r.Exchange[0].Cycles, r.Exchange[0].LastStir = 0, nil
}

func degrade(r *control.Report) {
	at := r.Now.Add(-10 * time.Second)
	r.Sources = append(r.Sources, control.Source{Name: "command:/usr/bin/vmstat", State: "failing", Every: 49, Credit: 0.05, Bits: 1200,
		Samples: 300, Errors: 12, LastSample: r.Sources[0].LastSample, LastError: "exit status 1: cannot read /proc/stat: permission denied", LastErrorAt: &at})
	r.Seed.Error = "no space left on device"
	r.Change = &control.Change{Kind: "reload", At: r.Now.Add(-65 * time.Second), Status: 75, Error: "prngd.conf:3: address 192.0.2.1 is not up"}
	r.Log = []string{at.Format(time.RFC3339) + ` level=warning msg="source fails" error="exit status 1" source="command:/usr/bin/vmstat"`}
}

// serve fills a board with ten minutes of a state, one spike of latency among them.
func (s state) serve(t *testing.T) string {
	board := dashboard.New()
	var last watch.Sample
	for i := range 600 {
		r := exemplar.Report()
		r.Now, r.Log = r.Now.Add(time.Duration(i)*time.Second), nil
		for _, at := range []**time.Time{&r.Seed.LastSave, &r.Generator.LastReseed} {
			moved := (*at).Add(time.Duration(i) * time.Second)
			*at = &moved
		}
		r.Sources = []control.Source{r.Sources[0], r.Sources[1]}
		for _, name := range []string{"cpu", "mem", "disk"} {
			r.Sources = append(r.Sources, control.Source{Name: name, State: "healthy", Every: 10, Samples: 1000, LastSample: &r.Now})
		}
		r.Sources[1].Bits += uint64(i) * 64
		r.Sources[1].Detail = "raw noise: 64 samples of 1024, min-entropy 0.9 bits by the most common value estimate of SP 800-90B section 6.3.1"
		load := uint64(i * (100 + 1)) // ours is one of them
		r.Clients.Requests["read"] += load
		r.Clients.BytesOut += load * (watch.ProbeBytes + 1)
		s.change(r)
		latency := time.Duration(55+5*math.Sin(float64(i))) * time.Microsecond
		if i == 590 {
			latency = 20 * time.Millisecond
		}
		last = watch.Sample{Time: r.Now, Report: r, Latency: latency, Probes: uint64(i)}
		board.Add(last)
	}
	if s.gone > 0 {
		board.Add(watch.Sample{Time: last.Time.Add(s.gone), Err: errors.New("/run/prngd/status.sock: connect: connection refused"), LatencyErr: errors.New("/run/egd-pool: connect: connection refused")})
	}
	server := httptest.NewServer(board.Handler(http.NotFoundHandler(), false))
	t.Cleanup(server.Close)
	return server.URL
}

// The page in each state, at two widths, light and dark (C10). With $PRNGD_SHOTS,
// pictures go there; those in docs/pictures were made so.
func TestStatesInChromium(t *testing.T) {
	program := os.Getenv("CHROMIUM")
	if program == "" {
		t.Skip("scripts/test chromium runs this")
	}
	b := browse(t, program)
	for _, s := range states() {
		url := s.serve(t)
		for _, width := range []int{1440, 390} {
			b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
			b.call("Page.navigate", map[string]any{"url": url})
			b.await(20*time.Second, `location.href === "`+url+`/" && document.body?.dataset.updates > 0 && document.querySelectorAll("#plot-latency polyline").length === 2`)
			for _, want := range s.want {
				if b.eval(want) != true {
					t.Errorf("%s at %d: not true: %s; got %v", s.name, width, want, b.left(want))
				}
			}
			if wide := b.eval(`document.documentElement.scrollWidth`).(float64); wide > float64(width) {
				t.Errorf("%s: %v pixels wide at %d: %v", s.name, wide, width, b.eval(widest))
			}
			if cut := b.eval(`[...document.querySelectorAll("#rows td")].filter((e) => innerWidth < 500 && e.scrollWidth > e.clientWidth).map((e) => e.textContent).join("; ")`); cut != "" {
				t.Errorf("%s at %d: cut off: %v", s.name, width, cut)
			}
			if words := b.eval(brokenWords); words != "" {
				t.Errorf("%s at %d: broken in mid-word: %v", s.name, width, words)
			}
			b.eval(contrast)
			for _, scheme := range []string{"light", "dark"} {
				b.readable(scheme)
				b.shoot(fmt.Sprintf("page-%s-%d-%s", s.name, width, scheme))
			}
		}
	}
	if len(b.trouble) > 0 {
		t.Errorf("in the console: %s", b.trouble)
	}
}

// widest names what is wider than the window.
const widest = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.tagName + "." + e.className + "#" + e.id).slice(0, 5).join(" ")`

// brokenWords names the words that stand on two lines.
const brokenWords = `(() => {
	const broken = [], range = document.createRange(), walk = document.createTreeWalker(document.querySelector("main") ?? document.body, NodeFilter.SHOW_TEXT);
	for (let node = walk.nextNode(); node; node = walk.nextNode()) {
		for (const word of node.data.matchAll(/\w+/g)) {
			range.setStart(node, word.index);
			range.setEnd(node, word.index + word[0].length);
			if (new Set([...range.getClientRects()].map((r) => r.top)).size > 1) broken.push(word[0]);
		}
	}
	return broken.join(" ");
})()`

// left is the left side of the comparison that an expression ends with.
func (b *browser) left(expression string) any {
	at := strings.LastIndex(expression, " === ")
	if at < 0 || strings.Contains(expression, "&&") {
		return "false"
	}
	return b.eval(expression[:at])
}
