package privileges

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"prngd/internal/control"
)

// State is what the kernel says of this process, in words. What holds for a thread
// is that of all threads where there is /proc, and names those that differ; without
// /proc it is that of one. What cannot be read is "unknown: REASON".
type State struct {
	UID, GID     string // "1", or real, effective and saved if they differ
	Groups       string // "1 5", sorted; "none"
	Capabilities string // "none", or the sets that are not empty
	NoNewPrivs   string // "set" or "not set"
	Dumpable     string // "no", or "yes": processes of the same user can read the memory
	Writes       string // "confined" or "anywhere", as an attempt showed
}

// Words of State.
const (
	none, isSet, notSet  = "none", "set", "not set"
	no, yes              = "no", "yes"
	confined, unconfined = "confined", "anywhere"
)

// unknown is an answer that was not given.
func unknown(err error) string { return fmt.Sprintf("unknown: %v", err) }

// Asked is what a process asks for. What it does not ask for is not checked.
type Asked struct {
	User           *User // nil: no other user
	NoCapabilities bool  // and no_new_privs
	Confined       bool  // writes only below its own directories
}

// Checks returns what was asked for, beside what s says. Memory out of reach is
// always asked for, on systems that have a word for it.
func (a Asked) Checks(s State) (checks []control.Check) {
	add := func(what, asked, is string, critical bool) {
		checks = append(checks, control.Check{What: what, Asked: asked, Is: is, Critical: critical})
	}
	if a.User != nil {
		add("uid", fmt.Sprint(a.User.UID), s.UID, true)
		add("gid", fmt.Sprint(a.User.GID), s.GID, true)
		add("groups", groupWords(groupsOf(*a.User)), s.Groups, true)
	}
	if a.NoCapabilities && hasCapabilities {
		add("capabilities", none, s.Capabilities, true)
		add("no_new_privs", isSet, s.NoNewPrivs, true)
	}
	if hasDumpable {
		add("memory readable by its user", no, s.Dumpable, true)
	}
	if a.Confined && canConfine {
		add("writes", confined, s.Writes, false)
	}
	return checks
}

// groupWords is a set of groups in words.
func groupWords(groups []int) string {
	groups = slices.Clone(groups)
	slices.Sort(groups)
	var words []string
	for _, gid := range slices.Compact(groups) {
		words = append(words, fmt.Sprint(gid))
	}
	if len(words) == 0 {
		return none
	}
	return strings.Join(words, " ")
}

// probes are devices that everybody may write to, and nobody needs to: a process
// whose writes are confined cannot open them to write.
var probes = []string{"/dev/zero", "/dev/full", "/dev/urandom", "/dev/random"}

// tryWriting says whether writes are confined: an attempt must be refused where
// the file's mode allows it. An open to write changes nothing of a device.
func tryWriting() string {
	for _, path := range probes {
		var st unix.Stat_t
		if unix.Stat(path, &st) != nil || uint32(st.Mode)&unix.S_IFMT != unix.S_IFCHR || unix.Access(path, unix.W_OK) != nil {
			continue
		}
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
			return unconfined
		}
		if os.IsPermission(err) {
			return confined
		}
	}
	return "unknown: no device to try"
}
