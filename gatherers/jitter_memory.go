package gatherers

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// size chooses the buffer by what the machine and the cgroup have free: twice
// the buffer, so that a burst never pushes anybody out.
func (s *sampler) size() (int, error) {
	if s.Buffer != 0 {
		return s.Buffer, nil
	}
	switch free := freeMemory(s.Root); {
	case free >= 2*largeBuffer:
		return largeBuffer, nil
	case free >= 2*smallBuffer:
		return smallBuffer, nil
	default:
		return 0, fmt.Errorf("jitter skipped: %d MiB of memory free, at least %d needed", free>>20, 2*smallBuffer>>20)
	}
}

// freeMemory returns the bytes that machine and cgroups leave us. What cannot
// be read, as on systems other than Linux, sets no limit.
func freeMemory(root string) int64 {
	free := int64(math.MaxInt64)
	if kib, ok := field(filepath.Join(root, "proc/meminfo"), "MemAvailable:"); ok { // Linux 3.14
		free = kib << 10
	}
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return free
	}
	v1 := cgroupVersion{"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
	v2 := cgroupVersion{"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"}
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path, cgroups(7)
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(part) != 3:
		case part[0] == "0" && part[1] == "":
			free = min(free, v2.free(root, part[2]))
		case strings.Contains(","+part[1]+",", ",memory,"):
			free = min(free, v1.free(root, part[2]))
		}
	}
	return free
}

// A cgroupVersion is where one version of cgroups keeps what we ask.
type cgroupVersion struct{ mount, limit, usage, reclaimable string }

// free returns the least that a group and its ancestors have left. Page cache
// counts as usage there, and the inactive part of it as free here: it goes as
// soon as it is in the way. In a container the path may be the host's; then
// only the root of the mount, which is our own group, answers.
func (v cgroupVersion) free(root, group string) int64 {
	free := int64(math.MaxInt64)
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		dir := filepath.Join(root, v.mount, group)
		limit, limited := number(filepath.Join(dir, v.limit)) // "max" is no number
		usage, known := number(filepath.Join(dir, v.usage))
		if limited && known {
			cache, _ := field(filepath.Join(dir, "memory.stat"), v.reclaimable)
			free = min(free, max(0, limit-max(0, usage-cache)))
		}
		if group == "/" {
			return free
		}
	}
}

// number reads a file that holds one number.
func number(name string) (int64, bool) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// field reads the number after a name at the start of a line.
func field(name, key string) (int64, bool) {
	f, err := os.Open(name)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) >= 2 && words[0] == key {
			n, err := strconv.ParseInt(words[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
