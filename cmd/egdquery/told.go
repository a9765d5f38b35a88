package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"prngd/egdproto"
	"prngd/internal/config"
)

// maxCommandLine bounds what is read of /proc/PID/cmdline, which the process can
// set to anything.
const maxCommandLine = 1 << 20

// toldPlace returns the control socket that the daemon at address has by its command
// line and its prngd.conf: with -c, or with more than one address, it need not be
// beside. All this is only a hint of where to ask; what answers there must pass
// belongs. The place is empty where the system does not show the process.
func toldPlace(address egdproto.Address) (place, error) {
	pid, _, err := pidAt(address)
	if err != nil {
		return place{}, nil
	}
	o, err := commandLine(pid)
	if err != nil {
		return place{}, nil
	}
	env := config.System(processUID(pid))
	env.Getwd = func() (string, error) { return os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)) }
	path, err := config.ConfiguredControl(o, env)
	if err != nil {
		return place{}, fmt.Errorf("asking pid %d: %w", pid, err)
	}
	return place{address: unixAddress(path), shared: true}, nil
}

// commandLine reads the options of a daemon that runs.
func commandLine(pid int) (config.Options, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return config.Options{}, err
	}
	defer f.Close()
	line, err := io.ReadAll(io.LimitReader(f, maxCommandLine))
	if err != nil {
		return config.Options{}, err
	}
	argv := strings.Split(string(bytes.TrimSuffix(line, []byte{0})), "\x00")
	return config.LocateOptions(argv)
}

// processUID returns the effective uid of a process, -1 where the system does not
// say. The owner of /proc/PID is root where nobody may read the process's memory.
func processUID(pid int) int {
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
