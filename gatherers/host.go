package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/host"
)

// uptime samples the seconds since boot.
//
// Unpredictable: next to nothing, 0.03 bits; it tells samples of two boots
// apart. Predictable: it is a clock. Hence no credit. The library's general
// report on the host is never asked for: it runs a dozen child processes.
func uptime(ctx context.Context) ([]byte, error) {
	seconds, err := host.UptimeWithContext(ctx)
	if err != nil {
		return nil, absence(err)
	}
	return appendCounts(nil, seconds), nil
}
