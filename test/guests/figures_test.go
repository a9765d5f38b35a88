//go:build linux

package guests

import (
	"fmt"
	"slices"
	"time"

	"prngd/test/harness"
)

// figures are what one way of asking came to.
type figures struct {
	options
	all, least, most string // bytes a second
	jain             float64
	waits            harness.Digest
	cpu              float64        // of one processor, in percent
	now, peak        int            // resident, KiB
	beside, alone    harness.Digest // what a mail server waits
}

func (o options) figures(saw played, cpu time.Duration) figures {
	var sum int64
	for _, n := range saw.Each {
		sum += n
	}
	f := figures{
		options: o, jain: jain(saw.Each), waits: saw.Waits,
		all:   perSecond(sum, saw.Took),
		least: perSecond(slices.Min(saw.Each), saw.Took),
		most:  perSecond(slices.Max(saw.Each), saw.Took),
		cpu:   100 * cpu.Seconds() / saw.Took.Seconds(),
	}
	f.now, f.peak = harness.Memory(o.pid)
	return f
}

func (o options) way() string {
	if o.period > 0 {
		return fmt.Sprintf("%d bytes every %s", o.size, o.period)
	}
	return fmt.Sprintf("%d bytes, again and again", o.size)
}

func (f figures) String() string {
	return fmt.Sprintf(`%d guests, %d silent, the others ask for %s: none closed
  %s in all, each from %s to %s, Jain's index %.4f
  what they ask for takes %v
  prngd: %.0f %% of a processor, %d KiB resident, %d at most
  Postfix's tlsmgr beside them: %v; alone: %v`, f.options.all, f.silent, f.way(), f.all, f.least, f.most, f.jain, f.waits, f.cpu, f.now, f.peak, f.beside, f.alone)
}

// row is a line of the table in docs/sizing.md.
func (f figures) row() string {
	return fmt.Sprintf("| %s | %s | %s to %s | %.4f | %s, %s, %s | %.0f %% | %s; alone %s |", f.way(), f.all, f.least, f.most, f.jain,
		harness.Millis(f.waits.P50), harness.Millis(f.waits.P99), harness.Millis(f.waits.Max), f.cpu, harness.Millis(f.beside.P99), harness.Millis(f.alone.P99))
}

// jain is Jain's index of fairness (R. Jain, D. Chiu, W. Hawe, DEC-TR-301, 1984): 1 when all got
// the same, 1/n when one got everything.
func jain(each []int64) float64 {
	var sum, squares float64
	for _, x := range each {
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(each)) * squares)
}

// perSecond is a rate for people, in SI units.
func perSecond(bytes int64, took time.Duration) string {
	rate, unit := float64(bytes)/took.Seconds(), "B/s"
	for _, next := range []string{"kB/s", "MB/s"} {
		if rate < 1000 {
			break
		}
		rate, unit = rate/1000, next
	}
	return fmt.Sprintf("%.1f %s", rate, unit)
}
