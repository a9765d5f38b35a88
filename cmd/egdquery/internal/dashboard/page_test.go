package dashboard_test

import (
	"os"
	"strings"
	"testing"
	"time"
)

// contrast is WCAG 2.2's, of an element's text to what is behind it.
const contrast = `
void (window.contrast = (e) => {
	const light = (css) => {
		const [r, g, b] = css.match(/[\d.]+/g).map((n) => n / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	let behind = e;
	while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
	const [a, b] = [light(getComputedStyle(e).color), light(getComputedStyle(behind).backgroundColor)];
	return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
})
`

// The page in a real browser over a real daemon under load, which
// scripts/test chromium sets up: $CHROMIUM is the program, $PRNGD_BOARD the
// page, and $PRNGD_FEED the program of the one command in its prngd.conf.
func TestPageInChromium(t *testing.T) {
	program, page, feed := os.Getenv("CHROMIUM"), os.Getenv("PRNGD_BOARD"), os.Getenv("PRNGD_FEED")
	if program == "" || page == "" {
		t.Skip("scripts/test chromium runs this")
	}
	b := browse(t, program)
	b.call("Page.navigate", map[string]any{"url": page})
	b.await(10*time.Second, `document.querySelectorAll("#rows tr").length > 3`)
	// The plots move.
	b.await(20*time.Second, `document.body.dataset.moves >= 4 && document.body.dataset.peak > 50`)
	b.await(1*time.Second, `document.querySelectorAll("figure polyline").length >= 6`)
	b.eval(contrast)
	b.readable("light")
	b.readable("dark")
	b.keyboard()
	b.turnsRed(feed)
	for _, address := range b.asked {
		if !strings.HasPrefix(address, page) && address != "about:blank" {
			t.Errorf("the page asked for %s", address)
		}
	}
	if len(b.asked) < 7 || len(b.trouble) > 0 {
		t.Errorf("%d requests; in the console: %s", len(b.asked), b.trouble)
	}
}

func (b *browser) readable(scheme string) {
	b.scheme(scheme)
	b.eval(`void document.body.offsetWidth`)
	least := b.eval(`Math.min(...[...document.querySelectorAll("body, header *, dt, dd, th, td, figcaption, figcaption output, .legend li, footer *")]
		.filter((e) => e.textContent.trim() && e.checkVisibility() && !e.closest("option, select")).map(contrast))`).(float64)
	if least < 4.5 {
		b.Errorf("%s: a contrast of %.1f, expected 4.5", scheme, least)
	}
}

func (b *browser) keyboard() {
	reached := map[any]bool{}
	for range 14 {
		b.press("Tab")
		reached[b.eval(`document.activeElement.id || document.activeElement.closest("figure")?.id || document.activeElement.tagName`)] = true
	}
	for _, id := range []string{"span", "pause", "plot-requests", "plot-latency", "plot-bits", "plot-clients", "plot-age"} {
		if !reached[id] {
			b.Errorf("Tab does not reach %s, but %v", id, reached)
		}
	}
	b.eval(`document.querySelector("#plot-requests svg").focus()`)
	b.press("ArrowLeft")
	b.press("Home")
	b.await(time.Second, `/^\d\d:\d\d:\d\d /.test(document.querySelector("#plot-requests output").textContent)`)
	b.press("Escape")
	b.await(time.Second, `!/:/.test(document.querySelector("#plot-requests output").textContent)`)
	b.press("p")
	b.await(time.Second, `document.getElementById("pause").getAttribute("aria-pressed") === "true"`)
	b.press("p")
	b.press("1")
	b.await(time.Second, `document.getElementById("span").value === "60"`)
}

// turnsRed takes the program away: its next run is at most 49 s off.
func (b *browser) turnsRed(feed string) {
	const row = `document.querySelector('tr[data-source^="command:"]')`
	b.await(5*time.Second, row+`.dataset.state === "healthy"`)
	must(b.T, os.Remove(feed))
	b.await(60*time.Second, row+`.dataset.state === "failing"`)
	b.eval(`void (window.rgb = getComputedStyle(` + row + `.querySelector(".state")).color.match(/\d+/g).map(Number))`)
	if b.eval(`rgb[0] > 1.5 * Math.max(rgb[1], rgb[2])`) != true {
		b.Errorf("a failing source is %v", b.eval(`rgb`))
	}
	b.shoot("failing")
}
