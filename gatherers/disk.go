package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/disk"
)

// disks samples the transfers of every disk, and how long they took, and how
// full the root file system is.
//
// Unpredictable: when writes reach the disk and how long it takes, in
// milliseconds; 1.4 bits a sample for somebody elsewhere, less on flash.
// Predictable: most disks rest most of the time, and the counters are public:
// 0.04 bits are left to an observer. Hence no credit.
func disks(ctx context.Context) ([]byte, error) {
	var sample []byte
	all, err := disk.IOCountersWithContext(ctx)
	for name, d := range all { // in any order: nothing is read off it
		sample = append(sample, name...)
		sample = appendCounts(sample, d.ReadCount, d.WriteCount, d.ReadBytes, d.WriteBytes,
			d.ReadTime, d.WriteTime, d.IoTime, d.WeightedIO)
	}
	if root, err := disk.UsageWithContext(ctx, "/"); err == nil {
		sample = appendCounts(sample, root.Free, root.InodesFree)
	}
	if len(sample) > 0 {
		return sample, nil
	}
	return nil, absence(err)
}
