package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/host"
)

// sampleHost samples the seconds since boot.
//
// Unpredictable: next to nothing; it tells samples of two boots apart.
// Predictable: it is a clock.
//
// host.Info would tell more, but runs lsb_release and a dozen other programs.
func sampleHost(ctx context.Context) ([]byte, error) {
	seconds, err := host.UptimeWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return appendCounts(nil, seconds), nil
}
