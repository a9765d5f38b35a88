package gatherers

// Portable are the gatherers for systems that have no /proc as Linux has it.
// They compile everywhere; this is the door to try them here.
func Portable() map[string]gather {
	return map[string]gather{
		"cpu": cpuTimes, "mem": memory, "swap": swapping, "disk": disks, "net": networks,
		"load": loads, "host": uptime, "process": ownProcess, "processes": allProcesses,
	}
}
