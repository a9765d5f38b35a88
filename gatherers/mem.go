package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/mem"
)

// memory samples what main memory is used for, in bytes.
//
// Unpredictable: what the page cache and every program's heap did since the
// last sample, 6.7 bits for somebody elsewhere. Predictable: whole pages only,
// most fields follow from one another, and the same file is open to all: 0.11
// bits are left to an observer on this host. Hence no credit.
func memory(ctx context.Context) ([]byte, error) {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return nil, absence(err)
	}
	return appendCounts(nil, m.Total, m.Available, m.Used, m.Free, m.Active, m.Inactive, m.Wired,
		m.Buffers, m.Cached, m.Dirty, m.WriteBack, m.Mapped, m.Slab, m.PageTables, m.CommittedAS), nil
}
