package gatherers

import (
	"context"
	"time"
)

// gather takes one sample: see Gatherer.Gather.
type gather = func(context.Context) ([]byte, error)

// System returns the built-in menu: what every machine has. Each call returns
// gatherers with buffers of their own.
func System() []Gatherer {
	return []Gatherer{
		{Name: "kernel", Every: 600 * time.Second, Credit: 8, Gather: kernel()},
		Jitter{}.Gatherer(),
		proc("cpu", "/proc/stat", 16<<10, cpuTimes),
		proc("mem", "/proc/meminfo", 4<<10, memory),
		proc("swap", "/proc/vmstat", 8<<10, swapping),
		proc("disk", "/proc/diskstats", 4<<10, disks),
		proc("net", "/proc/net/dev", 4<<10, networks),
		proc("load", "/proc/loadavg", 128, loads),
		{Name: "host", Every: light, Credit: None, Gather: uptime},
		proc("process", "/proc/self/stat", 1<<10, ownProcess),
		{Name: "processes", Every: 300 * time.Second, Credit: None, Gather: everyProcess(allProcesses)},
	}
}
