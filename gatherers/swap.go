package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/mem"
)

// swapping samples swap space and the paging counters since boot.
//
// Unpredictable: the number of page faults, which every program on the machine
// adds to: 7.7 bits a sample for somebody elsewhere. Predictable: without swap
// space its own fields never move, and an observer who counts the same faults
// is left 0.34 bits. Hence no credit.
func swapping(ctx context.Context) ([]byte, error) {
	s, err := mem.SwapMemoryWithContext(ctx)
	if err != nil {
		return nil, absence(err)
	}
	return appendCounts(nil, s.Total, s.Used, s.Free, s.Sin, s.Sout, s.PgIn, s.PgOut, s.PgFault, s.PgMajFault), nil
}
