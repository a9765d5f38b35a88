package human_test

import (
	"testing"
	"time"

	"prngd/cmd/egdquery/internal/human"
)

func TestSize(t *testing.T) {
	for n, want := range map[float64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 63: "8.0 EiB", 1 << 20: "1.0 MiB"} {
		if got := human.Size(n); got != want {
			t.Errorf("%g: got %s, expected %s", n, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 0.5: "0.5", 3: "3", 9999: "9999", 9999.5: "10.0k", 12345: "12.3k", 999499: "999k", 999500: "1.0M", 1 << 63: "9.2E"} {
		if got := human.Number(n); got != want {
			t.Errorf("%g: got %s, expected %s", n, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1:                                 "0ms",
		2100 * time.Microsecond:            "2.1ms",
		59 * time.Second:                   "59s",
		time.Minute:                        "1m",
		12*time.Minute + 5*time.Second:     "12m5s",
		3*time.Hour + 59*time.Minute:       "3h59m",
		100*time.Hour + 59*time.Minute:     "4d4h",
		24 * time.Hour:                     "1d",
		time.Hour + 59*time.Second:         "1h",
		999*time.Millisecond + 1:           "999ms",
		time.Second + 999*time.Millisecond: "1s",
	} {
		if got := human.Span(d); got != want {
			t.Errorf("%v: got %s, expected %s", int64(d), got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Unix(1e9, 0)
	before := now.Add(-time.Minute)
	for want, when := range map[string]*time.Time{"never": nil, "1m ago": &before, "just now": &now} {
		if got := human.Ago(when, now); got != want {
			t.Errorf("got %s, expected %s", got, want)
		}
	}
}

// A daemon's warnings are sentences with one date (C9).
func TestWarning(t *testing.T) {
	now := time.Date(2026, 11, 28, 5, 50, 0, 0, time.UTC)
	for line, want := range map[string]string{
		`2026-11-28T05:48:59Z time="2026-11-28T05:48:59.874Z" level=warning msg="source fails" error="open \"x\": no" source="command:/bin/nope" n=3`: `1m1s ago: Source fails: open "x": no (source command:/bin/nope, n 3)`,
		`2026-11-28T05:50:00Z level=warning msg=late`:          "just now: Late",
		"2026-11-28T05:50:00Z a sentence":                      "just now: a sentence",
		`2026-11-28T05:50:00Z level=warning msg="a\x1b[2J\nb"`: "just now: A?[2J b",
		`2026-11-28T05:50:00Z msg="cut`:                        `just now: msg="cut`,
		"15:04:05 net: permission denied":                      "15:04:05 net: permission denied",
		"":                                                     "",
	} {
		if got := human.Warning(line, now); got != want {
			t.Errorf("%s: got %s, expected %s", line, got, want)
		}
	}
}
