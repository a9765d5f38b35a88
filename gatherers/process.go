package gatherers

import (
	"context"
	"os"

	"github.com/shirou/gopsutil/v3/process"
)

// Without its cache gopsutil reads /proc/stat once more for every process, to
// compute a start time that is not asked for here.
func init() { process.EnableBootTimeCache(true) }

// sampleProcess samples our own processor time, memory and context switches.
//
// Unpredictable: how our clients and the machine's load cut into our own work.
// Predictable: an idle daemon repeats itself, and any local user reads the same
// numbers.
func sampleProcess(ctx context.Context) ([]byte, error) {
	p := process.Process{Pid: int32(os.Getpid())}
	sample, err := appendProcess(ctx, nil, &p)
	if switches, err := p.NumCtxSwitchesWithContext(ctx); err == nil {
		sample = appendCounts(sample, uint64(switches.Voluntary), uint64(switches.Involuntary))
	}
	if len(sample) == 0 {
		return nil, err
	}
	return sample, nil
}

// appendProcess appends the processor time and the memory of a process, as far
// as this system tells them; the error is the last one.
func appendProcess(ctx context.Context, dst []byte, p *process.Process) ([]byte, error) {
	times, err := p.TimesWithContext(ctx)
	if err == nil {
		dst = appendFloats(dst, times.User, times.System, times.Iowait)
	}
	memory, err := p.MemoryInfoWithContext(ctx)
	if err == nil {
		dst = appendCounts(dst, memory.RSS, memory.VMS)
	}
	return dst, err
}
