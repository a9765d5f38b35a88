//go:build aix || solaris

package process

// limitProcesses does nothing: these systems have no such limit for a process.
func limitProcesses(int) {}
