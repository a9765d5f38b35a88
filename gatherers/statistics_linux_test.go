package gatherers_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shirou/gopsutil/v3/common"
	"golang.org/x/sys/unix"

	"prngd/gatherers"
)

// procFiles are the files of /proc that gopsutil reads for a sample.
var procFiles = []string{"stat", "meminfo", "vmstat", "diskstats", "net/dev", "loadavg", "uptime",
	"1/stat", "1/statm", "1/status", "self/stat"}

// procWith returns a directory in which every one of those holds text.
func procWith(t *testing.T, text string) string {
	dir := t.TempDir()
	for _, name := range procFiles {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// procOfDirectories has a directory in the place of every file.
func procOfDirectories(t *testing.T) string {
	dir := t.TempDir()
	for _, name := range procFiles {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// asHost makes gopsutil take dir for the directories of the machine.
func asHost(ctx context.Context, dir string) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: dir, common.HostSysEnvKey: dir, common.HostEtcEnvKey: dir, common.HostVarEnvKey: dir,
		common.HostRunEnvKey: dir, common.HostDevEnvKey: dir, common.HostRootEnvKey: dir,
	})
}

// Issue 13: with a /proc that is missing, empty, strange or hostile, the runner
// goes on, and each source is absent, works, or is warned of once in an hour.
func TestStrangeProc(t *testing.T) {
	for name, proc := range map[string]string{
		"missing":     filepath.Join(t.TempDir(), "none"),
		"empty":       t.TempDir(),
		"empty files": procWith(t, ""),
		"one newline": procWith(t, "\n"),
		"one word":    procWith(t, "cpu"),
		"few words":   procWith(t, "cpu 1 2\ncpu0 1 2\n"),
		"zeros":       procWith(t, strings.Repeat("\x00", 4096)),
		"letters":     procWith(t, strings.Repeat("a b c d e f g h i j k l m n o p\n", 99)),
		"colons":      procWith(t, "x:\n:y\nlo: x\nlo:\n\n"),
		"parentheses": procWith(t, ")("),
		"negative":    procWith(t, "MemTotal: -1 kB\nMemTotal: 1 kB\ncpu -1 -1 -1\nlo: -1 -1\n"),
		"long line":   procWith(t, strings.Repeat("9", 64<<10)),
		"directories": procOfDirectories(t),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(asHost(t.Context(), proc))
				b, ended := newBed(), make(chan struct{})
				go func() { b.Run(ctx, statistics()); close(ended) }()
				time.Sleep(time.Hour)
				for _, s := range b.Stats() {
					warnings := strings.Count(b.log.String(), " source="+s.Name+"\n")
					if s.State == gatherers.Waiting || s.State == gatherers.Hung || warnings > 1 || warnings == 0 && s.State == gatherers.Failing {
						t.Errorf("%s: %s, %q, %d warnings", s.Name, s.State, s.LastError, warnings)
					}
				}
				stop()
				<-ended
			})
		})
	}
}

// Without /proc what reads it is absent, not failing.
func TestNoProc(t *testing.T) {
	ctx := asHost(t.Context(), filepath.Join(t.TempDir(), "none"))
	for _, g := range statistics() {
		_, err := g.Take(ctx)
		others := g.Name == "disk" || g.Name == "load" || g.Name == "host" // ask the kernel otherwise
		if absent := errors.Is(err, errors.ErrUnsupported); absent == others || others && err != nil {
			t.Errorf("%s: %v", g.Name, err)
		}
	}
}

// A pipe that nobody writes to stops a sample for good: the source is hung,
// warned of once, and the daemon's other sources and its end are not delayed.
func TestProcOfPipes(t *testing.T) {
	proc := t.TempDir()
	pipe := filepath.Join(proc, "meminfo")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	list := statistics()
	for i := range list {
		list[i].Limit = time.Millisecond
	}
	ctx, stop := context.WithCancel(asHost(t.Context(), proc))
	b, ended := newBed(), make(chan struct{})
	go func() { b.Run(ctx, list); close(ended) }()
	for b.status("mem").State != gatherers.Hung || b.status("host").State == gatherers.Waiting {
		if t.Context().Err() != nil {
			t.Fatalf("%+v", b.Stats())
		}
	}
	stop()
	<-ended
	if n := strings.Count(b.log.String(), " source=mem\n"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, &b.log)
	}
	if f, err := os.OpenFile(pipe, os.O_WRONLY|unix.O_NONBLOCK, 0); err == nil {
		f.Close() // the abandoned goroutine may go home
	}
}

// Issue 13: real restrictions of /proc, in namespaces of their own, and another
// kernel. Each runs TestInside in there.
func TestRestrictedSystems(t *testing.T) {
	const namespaces = "unshare --mount --pid --fork --propagation private sh -c "
	const inside = ` "$0" -test.run=^TestInside$ -test.v`
	for name, command := range map[string]string{
		"no proc": namespaces + `'mount -t tmpfs none /proc && exec` + inside + `' "$0"`,
		"hidepid=2": namespaces + `'mount -t proc -o hidepid=2 proc /proc &&
			exec setpriv --reuid=65534 --regid=65534 --clear-groups` + inside + `' "$0"`,
		"container": namespaces + `'mount -t proc proc /proc && mount -t tmpfs -o ro none /proc/net &&
			for f in stat meminfo vmstat diskstats loadavg uptime; do mount --bind /dev/null /proc/$f; done &&
			exec` + inside + `' "$0"`,
		"gVisor": `runsc --platform=ptrace --network=none --ignore-cgroups do --` + inside,
	} {
		t.Run(name, func(t *testing.T) {
			program, _, _ := strings.Cut(command, " ")
			if _, err := exec.LookPath(program); err != nil || os.Getuid() != 0 {
				t.Skip("needs root and " + program)
			}
			if out, err := exec.Command("unshare", "--mount", "--pid", "--fork", "true").CombinedOutput(); err != nil {
				t.Skipf("no namespaces: %s", out)
			}
			child := exec.CommandContext(t.Context(), "sh", "-c", command, copyOfTest(t))
			child.Env = append(os.Environ(), "GATHERERS_INSIDE=1")
			out, err := child.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("--- PASS: TestInside")) {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// copyOfTest is this program where nobody may execute it as well.
func copyOfTest(t *testing.T) string {
	dir, err := os.MkdirTemp("/tmp", "gatherers")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "gatherers.test")
	if err := os.WriteFile(copied, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

// TestInside is what TestRestrictedSystems runs elsewhere.
func TestInside(t *testing.T) {
	if os.Getenv("GATHERERS_INSIDE") == "" {
		t.Skip("run by TestRestrictedSystems")
	}
	for _, g := range statistics() {
		data, err := g.Take(t.Context())
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			t.Logf("%s: absent: %v", g.Name, err)
		case err != nil:
			t.Logf("%s: one warning: %v", g.Name, err)
		case len(data) == 0:
			t.Errorf("%s: empty", g.Name)
		default:
			t.Logf("%s: %d bytes", g.Name, len(data))
		}
	}
}
