package privileges

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What a system has words for.
const hasCapabilities, hasDumpable, canConfine = true, true, true

// Read asks the kernel, of all threads (proc_pid_status(5)). What /proc does not
// have, such as NoNewPrivs before Linux 4.10 and on gVisor, is that of the calling
// thread.
func Read() State {
	s := readThreads("/proc/self/task")
	dumpable, err := Dumpable()
	switch {
	case err != nil:
		s.Dumpable = unknown(err)
	case dumpable:
		s.Dumpable = yes
	default:
		s.Dumpable = no
	}
	s.Writes = tryWriting()
	return s
}

// readThreads merges the states of all threads in a task directory.
func readThreads(dir string) State {
	threads, _ := os.ReadDir(dir)
	one := callingThread()
	var all []State
	var text bytes.Buffer
	for _, thread := range threads {
		text.Reset()
		if readFile(&text, dir+"/"+thread.Name()+"/status") != nil {
			continue // a thread that has ended
		}
		all = append(all, parseStatus(text.String(), one))
	}
	if len(all) == 0 {
		return one
	}
	merge := func(of func(State) string) string {
		var words []string
		for _, s := range all {
			words = append(words, of(s))
		}
		slices.Sort(words)
		return strings.Join(slices.Compact(words), ", other threads ")
	}
	return State{
		UID:          merge(func(s State) string { return s.UID }),
		GID:          merge(func(s State) string { return s.GID }),
		Groups:       merge(func(s State) string { return s.Groups }),
		Capabilities: merge(func(s State) string { return s.Capabilities }),
		NoNewPrivs:   merge(func(s State) string { return s.NoNewPrivs }),
	}
}

// readFile appends what the file has to text.
func readFile(text *bytes.Buffer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = text.ReadFrom(f)
	return err
}

// wanted are the fields of a status file that parseStatus reads.
var wanted = []string{"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs"}

// parseStatus reads a status file of proc_pid_status(5); what that does not have is
// as in s.
func parseStatus(text string, s State) State {
	fields := map[string][]string{}
	for line := range strings.Lines(text) {
		if name, values, found := strings.Cut(line, ":"); found && slices.Contains(wanted, name) {
			fields[name] = strings.Fields(values)
		}
	}
	if ids := fields["Uid"]; len(ids) > 0 {
		s.UID = same(ids)
	}
	if ids := fields["Gid"]; len(ids) > 0 {
		s.GID = same(ids)
	}
	if groups, found := fields["Groups"]; found {
		s.Groups = groupText(groups)
	}
	if words, whole := capabilityWords(fields); whole {
		s.Capabilities = words
	}
	if set := fields["NoNewPrivs"]; len(set) == 1 {
		s.NoNewPrivs = map[string]string{"0": notSet, "1": isSet}[set[0]]
	}
	return s
}

// same is the one id of all, or all.
func same(ids []string) string { return strings.Join(slices.Compact(slices.Clone(ids)), " ") }

// groupText is groupWords for what a status file has.
func groupText(words []string) string {
	var groups []int
	for _, word := range words {
		gid, _ := strconv.Atoi(word)
		groups = append(groups, gid)
	}
	return groupWords(groups)
}

// capabilityWords names the sets that are not empty, but for the bounding set,
// which gives nothing by itself; whole says that all of them are known. Kernels
// before 4.3 have no ambient set.
func capabilityWords(fields map[string][]string) (words string, whole bool) {
	var sets []string
	for _, name := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
		set := fields[name]
		if len(set) == 0 && name == "CapAmb" {
			continue
		}
		if len(set) != 1 {
			return "", false
		}
		if strings.Trim(set[0], "0") != "" {
			sets = append(sets, name+" "+set[0])
		}
	}
	if len(sets) == 0 {
		return none, true
	}
	return strings.Join(sets, " "), true
}

// callingThread asks for one thread, by system calls.
func callingThread() (s State) {
	ruid, euid, suid := unix.Getresuid()
	rgid, egid, sgid := unix.Getresgid()
	s.UID = same([]string{strconv.Itoa(ruid), strconv.Itoa(euid), strconv.Itoa(suid)})
	s.GID = same([]string{strconv.Itoa(rgid), strconv.Itoa(egid), strconv.Itoa(sgid)})
	if groups, err := unix.Getgroups(); err != nil {
		s.Groups = unknown(err)
	} else {
		s.Groups = groupWords(groups)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var left [2]unix.CapUserData
	switch err := unix.Capget(&header, &left[0]); {
	case err != nil:
		s.Capabilities = unknown(err)
	case left != [2]unix.CapUserData{}:
		s.Capabilities = fmt.Sprintf("%+v", left)
	default:
		s.Capabilities = none
	}
	switch set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); {
	case err != nil:
		s.NoNewPrivs = unknown(err)
	case set == 1:
		s.NoNewPrivs = isSet
	default:
		s.NoNewPrivs = notSet
	}
	return s
}
