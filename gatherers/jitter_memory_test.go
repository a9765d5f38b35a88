package gatherers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// memoryTree writes files below a temporary directory and returns it.
func memoryTree(t *testing.T, files map[string]string) string {
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestBufferByFreeMemory(t *testing.T) {
	const v1, v2 = "sys/fs/cgroup/memory/", "sys/fs/cgroup/"
	roomy := "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n"
	for _, row := range []struct {
		name  string
		files map[string]string
		want  string // MiB, or the start of the error
	}{
		{"nothing to read", nil, "32"},
		{"room", map[string]string{"proc/meminfo": roomy}, "32"},
		{"just room", map[string]string{"proc/meminfo": "MemAvailable: 65536 kB\n"}, "32"},
		{"just no room", map[string]string{"proc/meminfo": "MemAvailable: 65535 kB\n"}, "8"},
		{"small machine", map[string]string{"proc/meminfo": "MemAvailable: 16384 kB\n"}, "8"},
		{"tiny machine", map[string]string{"proc/meminfo": "MemAvailable: 16383 kB\n"}, "jitter skipped: 15 MiB of memory free, at least 16 needed"},
		{"cgroup v2", map[string]string{
			"proc/meminfo": roomy, "proc/self/cgroup": "0::/a/b\n",
			v2 + "a/b/memory.max": "max\n", v2 + "a/b/memory.current": "1000\n",
			v2 + "a/memory.max": "41943040\n", v2 + "a/memory.current": "10485760\n",
		}, "8"},
		{"cgroup v2 full of smallest cache", map[string]string{
			"proc/self/cgroup": "0::/\n",
			v2 + "memory.max":  "134217728\n", v2 + "memory.current": "134217728\n",
			v2 + "memory.stat": "anon 1000\ninactive_file 67108864\n",
		}, "32"},
		{"cgroup v1", map[string]string{
			"proc/meminfo": roomy, "proc/self/cgroup": "5:cpu:/x\n4:hugetlb,memory:/x\n0::/\n",
			v1 + "x/memory.limit_in_bytes": "20971520\n", v1 + "x/memory.usage_in_bytes": "16777216\n",
		}, "jitter skipped: 4 MiB"},
		{"cgroup v1 of a container, by the host's path", map[string]string{
			"proc/self/cgroup":           "4:memory:/docker/abc\n",
			v1 + "memory.limit_in_bytes": "33554432\n", v1 + "memory.usage_in_bytes": "1048576\n",
		}, "8"},
		{"over its limit", map[string]string{
			"proc/self/cgroup": "0::/\n",
			v2 + "memory.max":  "1048576\n", v2 + "memory.current": "2097152\n",
		}, "jitter skipped: 0 MiB"},
		{"nonsense", map[string]string{
			"proc/meminfo": "MemAvailable: lots\n", "proc/self/cgroup": "what\n0::../../x\n",
			v2 + "memory.max": "soon", v2 + "memory.current": "1",
		}, "32"},
	} {
		size, err := newSampler(Jitter{Root: memoryTree(t, row.files)}).size()
		got := fmt.Sprint(size >> 20)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, row.want) {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}
