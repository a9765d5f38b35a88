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
		{Name: "cpu", Every: light, Credit: None, Gather: proc("/proc/stat", 16<<10, cpuTimes)},
		{Name: "mem", Every: light, Credit: None, Gather: proc("/proc/meminfo", 4<<10, memory)},
		{Name: "swap", Every: light, Credit: None, Gather: proc("/proc/vmstat", 8<<10, swapping)},
		{Name: "disk", Every: light, Credit: None, Gather: proc("/proc/diskstats", 4<<10, disks)},
		{Name: "net", Every: light, Credit: None, Gather: proc("/proc/net/dev", 4<<10, networks)},
		{Name: "load", Every: light, Credit: None, Gather: proc("/proc/loadavg", 128, loads)},
		{Name: "host", Every: light, Credit: None, Gather: uptime},
		{Name: "process", Every: light, Credit: None, Gather: proc("/proc/self/stat", 1<<10, ownProcess)},
		{Name: "processes", Every: 300 * time.Second, Credit: None, Gather: everyProcess(allProcesses)},
	}
}
