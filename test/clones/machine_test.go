//go:build linux

package clones

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"prngd/test/harness"
)

// limit bounds the life of one machine: in software on a busy host a start takes a minute.
const limit = 10 * time.Minute

// image is what a machine is started from.
type image struct{ qemu, kernel, initrd string }

// machine is a running virtual machine.
type machine struct {
	console *bufio.Reader
	monitor string
	kill    func()
}

// start starts a machine: from the beginning, or from a state that was saved. Its generation is a new one.
func (im image) start(t *testing.T, state string) *machine {
	t.Helper()
	m := &machine{monitor: harness.Dir(t) + "/monitor"}
	args := []string{"-nodefaults", "-display", "none", "-no-reboot", "-machine", "pc", "-m", "192",
		"-kernel", im.kernel, "-initrd", im.initrd,
		"-append", "console=ttyS0 quiet panic=-1 no_timer_check " + harness.RoleVariable + "=guest",
		"-device", "vmgenid,guid=auto", "-serial", "stdio", "-monitor", "unix:" + m.monitor + ",server=on,wait=off"}
	if state != "" {
		args = append(args, "-incoming", "exec:cat "+state)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	cmd := exec.CommandContext(ctx, im.qemu, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	harness.Must(t, err)
	harness.Must(t, cmd.Start())
	m.console = bufio.NewReader(out)
	m.kill = func() { cancel(); cmd.Wait() }
	t.Cleanup(m.kill)
	return m
}

// until returns what the guest tells behind a word.
func (m *machine) until(t *testing.T, word string) (guest told) {
	t.Helper()
	lines := ""
	for {
		line, err := m.console.ReadString('\n')
		if err != nil || strings.HasPrefix(line, "FAILED") {
			t.Fatalf("the console ends before %s: %v:\n%s%s", word, err, lines, line)
		}
		if text, found := strings.CutPrefix(line, word+" "); found {
			harness.Must(t, json.Unmarshal([]byte(text), &guest))
			return guest
		}
		lines += line
	}
}

// save writes the machine's state to a file and stops it at that moment.
func (m *machine) save(t *testing.T, path string) {
	t.Helper()
	conn, err := net.Dial("unix", m.monitor)
	harness.Must(t, err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	fmt.Fprintf(conn, "migrate_set_parameter max-bandwidth 0\nmigrate \"exec:cat >%s\"\nquit\n", path)
	for said := bufio.NewScanner(conn); said.Scan(); {
		if strings.Contains(said.Text(), "rror") {
			t.Fatalf("QEMU's monitor says: %s", said.Text())
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() < 1<<20 {
		t.Fatalf("QEMU saved nothing to %s: %v", path, err)
	}
	m.kill()
}

// initrd packs programs, each by its path in the guest, and the daemon's configuration, and returns the archive's path.
func initrd(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir, path := harness.Dir(t), harness.Dir(t)+"/initrd"
	for name, from := range programs {
		harness.Run(t, "install", "-D", from, dir+"/"+name)
	}
	for _, empty := range []string{"dev", "etc", "proc", "run", "sys", "var"} {
		harness.Must(t, os.Mkdir(dir+"/"+empty, 0o755))
	}
	harness.WriteFile(t, dir+"/etc/passwd", "root:x:0:0:root:/:/bin/false\n", 0o644)
	harness.WriteFile(t, dir+"/etc/prngd.conf", "listen /run/egd\nstatus /run/status\nlog level=warn\n", 0o644)
	harness.Run(t, "sh", "-ec", fmt.Sprintf("cd %s; find . | %s -o -H newc --quiet -R 0:0 >%s", dir, harness.Need(t, "cpio"), path))
	return path
}
