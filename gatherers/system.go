package gatherers

import (
	"context"
	"runtime"
	"time"
)

// System returns the built-in registry: what every machine has. Each call
// returns gatherers that share nothing with those of another call.
func System() []Gatherer {
	return []Gatherer{
		{Name: "kernel", Every: 600 * time.Second, Credit: 8, Conditioned: true, Tested: true, Gather: kernel()},
		Jitter{}.Gatherer(),
		statistics("cpu", sampleCPU),
		statistics("mem", sampleMemory),
		statistics("swap", sampleSwap),
		statistics("disk", sampleDisks),
		statistics("net", sampleNetwork),
		statistics("load", sampleLoad),
		statistics("host", sampleHost),
		statistics("process", sampleProcess),
		statistics("processes", sampleProcesses),
	}
}

// statistics returns the gatherer of a file of this package that asks gopsutil,
// the same on every system. Its credit is 0, because any local user can read
// the same numbers.
//
// An importer that samples another machine's /proc, as mounted in a container,
// tells gopsutil so by HOST_PROC or by common.EnvKey in the context. prngd
// itself removes HOST_PROC and its like from its environment.
func statistics(name string, sample gather) Gatherer {
	every, relaxed := statisticsPeriods(name)
	return Gatherer{Name: name, Every: every, Relaxed: relaxed, Credit: None, Gather: func(ctx context.Context) ([]byte, error) {
		data, err := sample(ctx)
		return data, absence(err)
	}}
}

// statisticsPeriods returns the period of a family, and the one that is enough
// while a credited source works. The second keeps an idle minute on Linux within
// 10 ms of processor time and 120 wake-ups: docs/entropy.md, "Idle cost". The first
// is for machines where the statistics are all there is. On other systems half of
// the calls run netstat, swapctl, ps or kstat.
func statisticsPeriods(name string) (every, relaxed time.Duration) {
	switch {
	case name == "processes":
		return 600 * time.Second, 0
	case runtime.GOOS == "linux":
		return 20 * time.Second, 60 * time.Second
	}
	return 60 * time.Second, 0
}
