package gatherers_test

import (
	"runtime"
	"testing"
	"time"

	"prngd/gatherers"
)

// Each row is a second pair of readings, after (0, 0) or what before says.
func TestClockWatch(t *testing.T) {
	const s = int64(time.Second)
	for _, row := range []struct {
		name       string
		real, mono int64
		broken     bool
	}{
		{"nothing happened", 10 * s, 10 * s, false},
		{"no time at all", 0, 0, false},
		{"leap second", 9 * s, 10 * s, false},
		{"slewed by 500 ppm for an hour", 3600*s + 1800e6, 3600 * s, false},
		{"step at the limit", 12 * s, 10 * s, false},
		{"step just over it", 12*s + 1, 10 * s, true},
		{"step back at the limit", 8 * s, 10 * s, false},
		{"step back just over it", 8*s - 1, 10 * s, true},
		{"NTP step of 0.5 s", 10*s + s/2, 10 * s, false},
		{"suspended for an hour", 3601 * s, s, true},
		{"stopped: both clocks go on", 3600 * s, 3600 * s, false},
		{"snapshot a day old", 86400 * s, s, true},
		{"set to 1970", -50 * 365 * 86400 * s, s, true},
		{"mono went back", -s / 2, -s / 2, true},
		{"two programs read it out of order", -1e6, -1e6, false},
		{"further than that", -1e6 - 1, -1e6 - 1, true},
	} {
		var w gatherers.ClockWatch
		if jump, broken := w.Look(0, 0); jump != 0 || broken {
			t.Errorf("%s: first look: %v, %v", row.name, jump, broken)
		}
		jump, broken := w.Look(row.real, row.mono)
		if broken != row.broken || jump != time.Duration(row.real-row.mono) {
			t.Errorf("%s: jump %v, broken %v", row.name, jump, broken)
		}
		if jump, broken := w.Look(row.real+s, row.mono+s); jump != 0 || broken {
			t.Errorf("%s: reported twice: %v, %v", row.name, jump, broken)
		}
	}
}

// A clock that is slewed all day moves by more than a second in all, but never
// between two looks.
func TestClockWatchForgivesSlowDrift(t *testing.T) {
	var w gatherers.ClockWatch
	for i := range int64(86400) {
		if jump, broken := w.Look(i*1_000_500_000, i*1e9); broken {
			t.Fatalf("second %d: %v", i, jump)
		}
	}
}

func TestClocksAgree(t *testing.T) {
	read := gatherers.Clocks()
	var w gatherers.ClockWatch
	for range 1000 {
		if jump, broken := w.Look(read()); broken {
			t.Fatalf("jump of %v", jump)
		}
	}
}

// What two programs read one after the other differs by the time between.
func TestClocksOfTwoPrograms(t *testing.T) {
	var w gatherers.ClockWatch
	for range 3 {
		real, mono := gatherers.Clocks()()
		if jump, broken := w.Look(real, mono); broken || runtime.GOOS == "linux" && mono < int64(time.Millisecond) {
			t.Fatalf("jump of %v at %d", jump, mono)
		}
	}
}
