package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"prngd/egdproto"
	"prngd/internal/config"
	"prngd/internal/peercred"
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
	env := config.System(peercred.EffectiveUID(pid))
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
