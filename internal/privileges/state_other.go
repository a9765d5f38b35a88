//go:build !linux

package privileges

import (
	"os"
	"runtime"
	"strconv"
)

// What a system has words for.
const hasCapabilities, hasDumpable, canConfine = false, false, runtime.GOOS == "openbsd"

// Read asks the system.
func Read() State {
	s := State{
		UID:          strconv.Itoa(os.Getuid()),
		GID:          strconv.Itoa(os.Getgid()),
		Capabilities: "unknown: not on this system",
		NoNewPrivs:   "unknown: not on this system",
		Dumpable:     "unknown: not on this system",
		Writes:       tryWriting(),
	}
	if euid := os.Geteuid(); euid != os.Getuid() {
		s.UID += " " + strconv.Itoa(euid)
	}
	if egid := os.Getegid(); egid != os.Getgid() {
		s.GID += " " + strconv.Itoa(egid)
	}
	groups, err := os.Getgroups()
	if err != nil {
		s.Groups = unknown(err)
	} else {
		s.Groups = groupWords(groups)
	}
	return s
}
