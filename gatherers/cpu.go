package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/cpu"
)

// sampleCPU samples how long every processor has spent in each of its modes.
//
// Unpredictable: how the time since the last sample was shared among programs,
// users and interrupts. Predictable: the counters move in steps of a clock tick
// (10 ms), an idle processor only counts idle time, and any local user reads
// the same numbers.
func sampleCPU(ctx context.Context) ([]byte, error) {
	all, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errAbsent
	}
	var sample []byte
	for _, t := range all {
		sample = appendFloats(sample, t.User, t.System, t.Idle, t.Nice, t.Iowait, t.Irq, t.Softirq, t.Steal)
	}
	return sample, nil
}
