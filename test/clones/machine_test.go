//go:build linux

package clones

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// limit bounds the life of one machine: in software on a busy host a start takes a minute.
const limit = 10 * time.Minute

// image is what a machine is started from.
type image struct{ qemu, kernel, initrd string }

// machine is a running virtual machine.
type machine struct {
	lines   *bufio.Scanner // of its console
	monitor string
	kill    func()
}

// start starts a machine: from the beginning, or from a state that was saved. Its generation is a new one.
func (im image) start(t *testing.T, dir, state string) *machine {
	t.Helper()
	m := &machine{monitor: dir + "/monitor"}
	os.Remove(m.monitor)
	args := []string{"-nodefaults", "-display", "none", "-no-reboot", "-machine", "pc", "-m", "192",
		"-kernel", im.kernel, "-initrd", im.initrd, "-append", "console=ttyS0 quiet panic=-1 no_timer_check",
		"-device", "vmgenid,guid=auto", "-serial", "stdio", "-monitor", "unix:" + m.monitor + ",server=on,wait=off"}
	if state != "" {
		args = append(args, "-incoming", "exec:cat "+state)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	cmd := exec.CommandContext(ctx, im.qemu, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.lines = bufio.NewScanner(out)
	m.kill = func() { cancel(); cmd.Wait() }
	t.Cleanup(m.kill)
	return m
}

// until returns what the console says before a line.
func (m *machine) until(word string) (lines []string, err error) {
	for m.lines.Scan() {
		line := strings.TrimSpace(m.lines.Text())
		switch {
		case line == word:
			return lines, nil
		case strings.HasPrefix(line, "FAILED"):
			return lines, fmt.Errorf("the guest says: %s", line)
		}
		lines = append(lines, line)
	}
	return lines, fmt.Errorf("the console ends before %s:\n%s", word, strings.Join(lines, "\n"))
}

// save writes the machine's state to a file and stops it at that moment.
func (m *machine) save(path string) error {
	conn, err := net.Dial("unix", m.monitor)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	fmt.Fprintf(conn, "migrate_set_parameter max-bandwidth 0\nmigrate \"exec:cat >%s\"\nquit\n", path)
	for said := bufio.NewScanner(conn); said.Scan(); {
		if strings.Contains(said.Text(), "rror") {
			return fmt.Errorf("QEMU's monitor says: %s", said.Text())
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() < 1<<20 {
		return fmt.Errorf("QEMU saved nothing to %s: %v", path, err)
	}
	return nil
}
