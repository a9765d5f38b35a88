package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/net"
)

// sampleNetwork samples the byte, packet and error counters of every interface.
//
// Unpredictable: how many packets came since the last sample. Predictable: a
// silent network repeats itself for hours, a neighbour on the wire counts the
// same packets, and any local user reads the same numbers.
//
// net.Connections would tell more, but reads every descriptor of every process:
// 12 ms a sample.
func sampleNetwork(ctx context.Context) ([]byte, error) {
	all, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errAbsent
	}
	var sample []byte
	for _, n := range all {
		sample = append(sample, n.Name...)
		sample = appendCounts(sample, n.BytesSent, n.BytesRecv, n.PacketsSent, n.PacketsRecv,
			n.Errin, n.Errout, n.Dropin, n.Dropout)
	}
	return sample, nil
}
