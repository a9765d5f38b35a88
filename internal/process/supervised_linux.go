package process

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// holdsSocket reports whether process pid has the Unix socket at path open. It
// does not know without /proc, or where pid is another user's.
func holdsSocket(pid int, path string) bool {
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return false
	}
	var inodes []string
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line) // proc_net(5): Num RefCount Protocol Flags Type St Inode Path
		if len(fields) > 7 && strings.Join(fields[7:], " ") == path {
			inodes = append(inodes, "socket:["+fields[6]+"]")
		}
	}
	return slices.ContainsFunc(openFilesOf(pid), func(name string) bool { return slices.Contains(inodes, name) })
}

// openFilesOf returns what the descriptors of process pid lead to, as
// proc_pid_fd(5) names it; nothing where it may not be seen.
func openFilesOf(pid int) (names []string) {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if name, err := os.Readlink(dir + entry.Name()); err == nil {
			names = append(names, name)
		}
	}
	return names
}
