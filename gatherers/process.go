package gatherers

import (
	"context"
	"os"

	"github.com/shirou/gopsutil/v3/process"
)

// ownProcess samples our own processor time, memory and context switches.
//
// Unpredictable: how our clients and the machine's load cut into our own work,
// 1.5 bits a sample for somebody elsewhere. Predictable: an idle daemon repeats
// itself, and the numbers are public. Hence no credit.
func ownProcess(ctx context.Context) ([]byte, error) {
	p := process.Process{Pid: int32(os.Getpid())}
	return appendProcess(ctx, nil, &p)
}

// maxProcesses bounds the work on a machine with thousands of processes.
const maxProcesses = 128

// allProcesses samples which processes there are, and of the youngest 128 their
// processor time, memory and context switches.
//
// Unpredictable: what ran, for how long, and in how much memory; at least 5.4
// bits a sample for somebody elsewhere. Predictable: whoever may run ps sees it
// too. Hence no credit. It costs a hundred times what the other families do,
// hence its long period.
func allProcesses(ctx context.Context) ([]byte, error) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, absence(err)
	}
	var sample []byte
	for _, pid := range pids {
		sample = appendCounts(sample, uint64(pid))
	}
	for _, pid := range pids[max(0, len(pids)-maxProcesses):] {
		// Gone since, or hidden from us: the next one.
		sample, _ = appendProcess(ctx, sample, &process.Process{Pid: pid})
	}
	return sample, nil
}

// appendProcess appends what this system tells of a process; the error is the
// last one, if it told nothing.
func appendProcess(ctx context.Context, dst []byte, p *process.Process) ([]byte, error) {
	before := len(dst)
	times, err := p.TimesWithContext(ctx)
	if err == nil {
		dst = appendFloats(dst, times.User, times.System, times.Iowait)
	}
	memory, err := p.MemoryInfoWithContext(ctx)
	if err == nil {
		dst = appendCounts(dst, memory.RSS, memory.VMS)
	}
	switches, err := p.NumCtxSwitchesWithContext(ctx)
	if err == nil {
		dst = appendCounts(dst, uint64(switches.Voluntary), uint64(switches.Involuntary))
	}
	if len(dst) > before {
		return dst, nil
	}
	return dst, absence(err)
}
