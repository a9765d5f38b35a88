package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/disk"
)

// sampleDisks samples the transfers of every disk, and how long they took, and
// how full the root file system is.
//
// Unpredictable: when writes reach the disk and how long it takes, in
// milliseconds; less on flash. Predictable: most disks rest most of the time,
// and any local user reads the same numbers.
func sampleDisks(ctx context.Context) ([]byte, error) {
	var sample []byte
	all, err := disk.IOCountersWithContext(ctx)
	for name, d := range all { // in any order: nothing depends on it
		sample = append(sample, name...)
		sample = appendCounts(sample, d.ReadCount, d.WriteCount, d.ReadBytes, d.WriteBytes,
			d.ReadTime, d.WriteTime, d.IoTime, d.WeightedIO)
	}
	if root, err := disk.UsageWithContext(ctx, "/"); err == nil {
		sample = appendCounts(sample, root.Free, root.InodesFree)
	}
	switch {
	case len(sample) > 0:
		return sample, nil
	case err != nil:
		return nil, err
	}
	return nil, errAbsent
}
