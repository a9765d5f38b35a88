// Package human writes numbers as people read them.
package human

import (
	"fmt"
	"strings"
	"time"
)

// Size writes a number of bytes in the largest unit that fits.
func Size(n float64) string {
	unit := 0
	for n >= 1024 && unit < 6 {
		n, unit = n/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%.0f B", n)
	}
	return fmt.Sprintf("%.1f %ciB", n, "KMGTPE"[unit-1])
}

// Number writes a count in at most five columns, as far as 999 E: 9999, 12.3k, 4.5M.
func Number(n float64) string {
	if n < 10 && n != float64(int64(n)) {
		return fmt.Sprintf("%.1f", n)
	}
	if n < 9999.5 {
		return fmt.Sprintf("%.0f", n)
	}
	unit := -1
	for n >= 999.5 && unit < 5 {
		n, unit = n/1000, unit+1
	}
	if n < 99.95 {
		return fmt.Sprintf("%.1f%c", n, "kMGTPE"[unit])
	}
	return fmt.Sprintf("%.0f%c", n, "kMGTPE"[unit])
}

// Span writes a duration in its two largest units: 3d4h, 12m5s, 7s, 2.1ms.
func Span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Second:
		return fmt.Sprintf("%.4gms", float64(d.Microseconds())/1000)
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "m", time.Second, "s")
	case d < 24*time.Hour:
		return two(d, time.Hour, "h", time.Minute, "m")
	}
	return two(d, 24*time.Hour, "d", time.Hour, "h")
}

func two(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	if rest := d % large / small; rest > 0 {
		return fmt.Sprintf("%d%s%d%s", d/large, largeName, rest, smallName)
	}
	return fmt.Sprintf("%d%s", d/large, largeName)
}

// Ago writes how long before now t was, and never for no time at all.
func Ago(t *time.Time, now time.Time) string {
	if t == nil {
		return "never"
	}
	if d := now.Sub(*t); d >= time.Second {
		return Span(d) + " ago"
	}
	return "just now"
}

// State writes a state of the report as words: reseed required.
func State(s string) string { return strings.ReplaceAll(s, "_", " ") }
