package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/mem"
)

// sampleMemory samples what main memory is used for, in bytes.
//
// Unpredictable: what the page cache and every program's heap did since the
// last sample. Predictable: whole pages only, most fields follow from one
// another, and any local user reads the same numbers.
func sampleMemory(ctx context.Context) ([]byte, error) {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return nil, err
	}
	if m.Total == 0 {
		return nil, errAbsent
	}
	return appendCounts(nil, m.Total, m.Available, m.Used, m.Free, m.Active, m.Inactive, m.Wired,
		m.Buffers, m.Cached, m.Dirty, m.WriteBack, m.Mapped, m.Slab, m.PageTables, m.CommittedAS), nil
}

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
