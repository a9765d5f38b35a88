package gatherers

import (
	"context"

	"github.com/shirou/gopsutil/v3/process"
)

// maxProcesses bounds the work on a machine with thousands of processes.
const maxProcesses = 64

// sampleProcesses samples which processes there are, and the processor time and
// memory of the youngest 64.
//
// Unpredictable: what ran, for how long, and in how much memory. Predictable:
// any local user may run ps and see it. It costs as much as two minutes of all
// other statistics, hence its long period.
//
// Process.NumCtxSwitches would tell more, but parses status and cmdline: it
// costs as much as both other calls.
func sampleProcesses(ctx context.Context) ([]byte, error) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, err
	}
	if len(pids) == 0 {
		return nil, errAbsent
	}
	var sample []byte
	for _, pid := range pids {
		sample = appendCounts(sample, uint64(pid))
	}
	for _, pid := range pids[max(0, len(pids)-maxProcesses):] {
		if ctx.Err() != nil {
			break // the time is up: what has come so far will do
		}
		// Gone since, or hidden from us: the next one.
		sample, _ = appendProcess(ctx, sample, &process.Process{Pid: pid})
	}
	return sample, nil
}
