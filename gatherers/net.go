package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/net"
)

// networks samples the byte, packet and error counters of every interface.
//
// Unpredictable: how many packets came since the last sample, 0.13 bits on a
// quiet machine. Predictable: a silent network repeats itself for hours, a
// neighbour on the wire counts the same packets, and an observer on this host
// is left nothing at all. Hence no credit. The list of connections would tell
// more, but costs 12 ms.
func networks(ctx context.Context) ([]byte, error) {
	var sample []byte
	all, err := net.IOCountersWithContext(ctx, true)
	for _, n := range all {
		sample = append(sample, n.Name...)
		sample = appendCounts(sample, n.BytesSent, n.BytesRecv, n.PacketsSent, n.PacketsRecv,
			n.Errin, n.Errout, n.Dropin, n.Dropout)
	}
	return sample, absence(err)
}
