package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/cpu"
)

// cpuTimes samples how long every processor has spent in each of its modes.
//
// Unpredictable: how the last ten seconds were shared among programs, users and
// interrupts, 4.9 bits a sample for somebody elsewhere. Predictable: the
// counters move in steps of a clock tick (10 ms), an idle processor only counts
// idle time, and anybody on this host reads the same numbers: 0.08 bits are
// left to him. Hence no credit.
func cpuTimes(ctx context.Context) ([]byte, error) {
	var sample []byte
	all, err := cpu.TimesWithContext(ctx, true)
	for _, t := range all {
		sample = appendFloats(sample, t.User, t.System, t.Idle, t.Nice, t.Iowait, t.Irq, t.Softirq, t.Steal)
	}
	return sample, absence(err)
}
