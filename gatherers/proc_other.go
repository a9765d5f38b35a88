//go:build !linux

package gatherers

import "time"

// light is the period of the families: elsewhere half of them run netstat,
// swapctl or kstat for a sample, which is no light thing to do more often.
const light = 60 * time.Second

// proc is the gatherer that does what otherwise does: /proc has no such file here.
func proc(name, _ string, _ int, otherwise gather) Gatherer {
	return Gatherer{Name: name, Every: light, Credit: None, Gather: otherwise}
}

// everyProcess gathers what otherwise does.
func everyProcess(otherwise gather) gather { return otherwise }
