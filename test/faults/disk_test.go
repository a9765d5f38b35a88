//go:build linux

package faults

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"prngd/internal/control"
	"prngd/test/harness"
)

// disk mounts a file system of 32 KiB and 32 inodes.
func disk(t *testing.T) string {
	t.Helper()
	harness.Root(t, "a small file system is mounted")
	path := harness.Dir(t)
	if err := syscall.Mount("none", path, "tmpfs", 0, "size=32k,nr_inodes=32,mode=755"); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(path, syscall.MNT_DETACH) })
	return path
}

// fill writes to the disk until there is no room.
func fill(t *testing.T, disk string) {
	t.Helper()
	if os.WriteFile(disk+"/full", make([]byte, 1<<20), 0o644) == nil {
		t.Fatal("a MiB fits onto the disk")
	}
}

func save(t *testing.T, d *harness.Daemon, want bool) {
	t.Helper()
	if _, err := d.Ask(control.Save); (err == nil) != want {
		d.Fatalf("save: %v", err)
	}
}

// TestFullDisk has a disk that is full at the start, has room, and is full again: seed, log file and pid file.
func TestFullDisk(t *testing.T) {
	harness.System(t)
	disk := disk(t)
	fill(t, disk)
	d := start(t, harness.Options{Conf: "log target=file:" + disk + "/log\nseedfile " + disk + "/seed", Args: []string{"-p", disk + "/pid"}})
	d.Seed = disk + "/seed"
	d.Served("on a full disk at the start")
	d.Wait("the status to tell", func() bool { return strings.Contains(d.Status().Seed.Error, "no space left") })
	save(t, d, false)
	healthy(t, d, "DEGRADED")
	if log := strings.Join(d.Status().Log, "\n") + d.Logged(); !strings.Contains(log, "writing pid file") {
		t.Errorf("the pid file is told of nowhere: %s", log)
	}

	// Room again: the next save works, and the log has the lines from before.
	os.Remove(disk + "/full")
	save(t, d, true)
	d.Served("with room again")
	d.Log = disk + "/log"
	d.LogHas("no space left")
	if n := strings.Count(d.Logged(), "msg=listening"); n != 1 {
		t.Errorf("the log lost or doubled lines: %s", d.Logged())
	}

	// Full later: a new file cannot be written, but the block that the seed has can.
	before := harness.ReadFile(t, d.Seed)
	fill(t, disk)
	for range 3 {
		save(t, d, true)
	}
	d.Served("on a disk full later")
	if harness.ReadFile(t, d.Seed) == before {
		t.Error("the saves did not change the seed")
	}
	if left := harness.Run(t, "ls", "-A", disk); left != "full\nlog\nseed\n" {
		t.Errorf("left behind: %s", left)
	}
	d.Stop()
	d.SeedCounts()
	harness.Figure(t, "a full disk: served without seed, log and pid file, and health is DEGRADED; "+
		"full later: three saves in place, stopped with status 0")
}

// TestNoInode has no inode left for a new name: the seed goes into the file that is there.
func TestNoInode(t *testing.T) {
	harness.System(t)
	disk := disk(t)
	d := start(t, harness.Options{Conf: "seedfile " + disk + "/seed"})
	d.Seed = disk + "/seed"
	d.LogHas("seed saved")
	for n := 0; os.WriteFile(fmt.Sprintf("%s/inode%d", disk, n), nil, 0o644) == nil; n++ {
	}
	before, err := os.Stat(d.Seed)
	harness.Must(t, err)
	save(t, d, true)
	if after, err := os.Stat(d.Seed); err != nil || !os.SameFile(before, after) {
		t.Errorf("there was an inode left after all: %v", err)
	}
	d.Served("without an inode")
	d.Stop()
	d.SeedCounts()
}
