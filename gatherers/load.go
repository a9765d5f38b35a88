package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/load"
)

// sampleLoad samples the three load averages, and how many processes there are,
// were created and were switched to.
//
// Unpredictable: context switches and new processes since the last sample.
// Predictable: the averages, which are rounded to a hundredth; a system that
// tells nothing else repeats itself while it is idle. Any local user reads the
// same numbers, though reading them moves them.
func sampleLoad(ctx context.Context) ([]byte, error) {
	avg, err := load.AvgWithContext(ctx)
	if err != nil {
		return nil, err
	}
	sample := appendFloats(nil, avg.Load1, avg.Load5, avg.Load15)
	if m, err := load.MiscWithContext(ctx); err == nil {
		sample = appendCounts(sample, uint64(m.ProcsTotal), uint64(m.ProcsCreated), uint64(m.ProcsRunning),
			uint64(m.ProcsBlocked), uint64(m.Ctxt))
	}
	return sample, nil
}
