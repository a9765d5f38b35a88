package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/load"
)

// loads samples the three load averages.
//
// Unpredictable: how many programs wanted to run, averaged and rounded to a
// hundredth: 0.01 bits a sample. Predictable: nearly all of it, and the rest is
// public. Hence no credit. What would tell more (counting processes) runs a
// child process on half of the systems.
func loads(ctx context.Context) ([]byte, error) {
	avg, err := load.AvgWithContext(ctx)
	if err != nil {
		return nil, absence(err)
	}
	return appendFloats(nil, avg.Load1, avg.Load5, avg.Load15), nil
}
