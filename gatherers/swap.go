package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/mem"
)

// sampleSwap samples swap space and the paging counters since boot.
//
// Unpredictable: the number of page faults, to which every program on the
// machine adds. Predictable: without swap space its own fields never move, and
// any local user reads the same numbers.
func sampleSwap(ctx context.Context) ([]byte, error) {
	s, err := mem.SwapMemoryWithContext(ctx)
	if err != nil {
		return nil, err
	}
	if s.Total == 0 && s.PgFault == 0 {
		return nil, errAbsent
	}
	return appendCounts(nil, s.Total, s.Used, s.Free, s.Sin, s.Sout, s.PgIn, s.PgOut, s.PgFault, s.PgMajFault), nil
}
