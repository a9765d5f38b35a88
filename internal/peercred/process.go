package peercred

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// EffectiveUID returns the effective uid of process pid, -1 where the system does not
// say: everywhere but on Linux. The owner of /proc/PID would not do: that is root
// where nobody may read the process's memory.
func EffectiveUID(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, uids, _ := strings.Cut(string(status), "\nUid:")
	fields := strings.Fields(uids) // real, effective, saved, of files: proc_pid_status(5)
	if len(fields) < 4 {
		return -1
	}
	uid, err := strconv.Atoi(fields[1])
	if err != nil {
		return -1
	}
	return uid
}
