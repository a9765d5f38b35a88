//go:build aix || solaris

package commands

// limitProcesses does nothing: these systems have no such limit for a process.
func limitProcesses(int) {}
