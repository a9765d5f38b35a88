//go:build amd64 || arm64

package seedfile_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"prngd/seedfile"

	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "write docs/seedfile-faults.md")

const faultsFile = "../docs/seedfile-faults.md"

// place is where a row of the table happens.
type place struct {
	dir     string
	options seedfile.Options
	inject  []string // options of strace that make some system calls fail
	running func()   // between the start and the save
}

func (p *place) seed() string { return p.dir + "/seed" }

// fault is a row of the table: how the place is made from one with a sound seed.
// Those that only root can make fail otherwise, and are skipped.
type fault struct {
	name string
	make func(t *testing.T, p *place) error
}

// unwritable takes the directory from the daemon's user.
func unwritable(p *place) error { return os.Chmod(p.dir, 0o500) }

// content is a row that differs from a sound seed by what is in the file.
func content(change func(b []byte) []byte) func(*testing.T, *place) error {
	return func(t *testing.T, p *place) error {
		return os.WriteFile(p.seed(), change(read(t, p.seed())), 0o600)
	}
}

// instead is a row in which something else has the seed's name.
func instead(mk func(path string) error) func(*testing.T, *place) error {
	return func(_ *testing.T, p *place) error {
		return errors.Join(os.Remove(p.seed()), mk(p.seed()))
	}
}

// mounted puts a small file system under the directory and the seed in it.
func mounted(options string, then func(p *place) error) func(*testing.T, *place) error {
	return func(t *testing.T, p *place) error {
		b := read(t, p.seed())
		options := fmt.Sprintf("size=8k,mode=700,uid=%d%s", p.options.Owner, options)
		if err := unix.Mount("seedfile", p.dir, "tmpfs", 0, options); err != nil {
			return err
		}
		t.Cleanup(func() { unix.Unmount(p.dir, unix.MNT_DETACH) })
		if err := os.WriteFile(p.seed(), b, 0o600); err != nil {
			t.Fatal(err)
		}
		return errors.Join(os.Chown(p.seed(), p.options.Owner, -1), then(p))
	}
}

// fillDisk leaves no page free.
func fillDisk(p *place) error {
	err := os.WriteFile(p.dir+"/other", make([]byte, 16384), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("the disk does not fill: %w", err)
	}
	return nil
}

func mode(m os.FileMode) func(*testing.T, *place) error {
	return func(_ *testing.T, p *place) error { return os.Chmod(p.seed(), m) }
}

func injected(what string) func(*testing.T, *place) error {
	return func(_ *testing.T, p *place) error { p.inject = inject(what); return nil }
}

func faults() []fault {
	return slices.Concat(diskFaults(), fileFaults(), contentFaults(), otherFaults())
}

// diskFaults are those of the directory, the disk and its file system.
func diskFaults() []fault {
	both := func(_ *testing.T, p *place) error { return nil }
	confined := func(_ *testing.T, p *place) error { return unwritable(p) }
	return []fault{
		{"a sound seed", both},
		{"a sound seed; directory not writable", confined},
		{"no file", func(_ *testing.T, p *place) error { return os.Remove(p.seed()) }},
		{"no file; directory not writable", func(_ *testing.T, p *place) error { return errors.Join(os.Remove(p.seed()), unwritable(p)) }},
		{"no directory", func(_ *testing.T, p *place) error { p.options.Path = p.dir + "/none/seed"; return nil }},
		{"disk full", mounted("", fillDisk)},
		{"disk full; empty file", mounted("", func(p *place) error { return errors.Join(os.Truncate(p.seed(), 0), fillDisk(p)) })},
		{"read-only file system", mounted("", func(p *place) error {
			return unix.Mount("", p.dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
		})},
		{"read-only file system; no file", mounted("", func(p *place) error {
			return errors.Join(os.Remove(p.seed()), unix.Mount("", p.dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		})},
		{"I/O error on reading", func(_ *testing.T, p *place) error {
			p.inject = append(inject("pread64:error=EIO"), "-P", p.seed())
			return nil
		}},
		{"I/O error on every write", injected("write,pwrite64:error=EIO:when=1..2")},
		{"I/O error on every sync", injected("fsync:error=EIO")},
		{"I/O error on syncing the directory", injected("fsync:error=EIO:when=2")},
		{"I/O error on syncing the directory and whatever follows", injected("fsync:error=EIO:when=2+")},
		{"file cannot be locked (NFS without locks)", injected("flock:error=ENOLCK")},
	}
}

// fileFaults are wrong kinds, owners and modes.
func fileFaults() []fault {
	return []fault{
		{"symbolic link", instead(func(path string) error { return os.Symlink("/etc/passwd", path) })},
		{"hard link", func(_ *testing.T, p *place) error { return os.Link(p.seed(), p.dir+"/other") }},
		{"hard link; directory not writable", func(_ *testing.T, p *place) error {
			return errors.Join(os.Link(p.seed(), p.dir+"/other"), unwritable(p))
		}},
		{"hard link; I/O error on syncing the directory", func(_ *testing.T, p *place) error {
			p.inject = inject("fsync:error=EIO:when=2")
			return os.Link(p.seed(), p.dir+"/other")
		}},
		{"FIFO", instead(mkfifo)},
		{"device", instead(func(path string) error { return unix.Mknod(path, unix.S_IFCHR|0o600, 1<<8|3) })},
		{"directory", instead(func(path string) error { return os.Mkdir(path, 0o700) })},
		{"foreign owner", func(_ *testing.T, p *place) error {
			return errors.Join(os.Chmod(p.seed(), 0o644), os.Chown(p.seed(), 12345, -1))
		}},
		{"foreign owner, mode 0600", func(_ *testing.T, p *place) error { return os.Chown(p.seed(), 12345, -1) }},
		{"group-readable, 0640", mode(0o640)},
		{"root's and world-readable, 0644", func(t *testing.T, p *place) error {
			return errors.Join(os.Chmod(p.seed(), 0o644), os.Chown(p.seed(), 0, -1))
		}},
		{"world-readable, 0644; directory not writable", func(t *testing.T, p *place) error {
			return errors.Join(os.Chmod(p.seed(), 0o644), unwritable(p))
		}},
		{"world-writable, 0666", mode(0o666)},
		{"directory writable by others", func(_ *testing.T, p *place) error { return os.Chmod(p.dir, 0o777) }},
		{"directory of another user", func(_ *testing.T, p *place) error {
			return errors.Join(os.Chmod(p.dir, 0o755), os.Chown(p.dir, 12345, -1))
		}},
	}
}

// contentFaults are files that hold something else.
func contentFaults() []fault {
	return []fault{
		{"8 MiB of zeros", content(func([]byte) []byte { return make([]byte, 8<<20) })},
		{"8 MiB of zeros; directory not writable", func(t *testing.T, p *place) error {
			return errors.Join(os.Truncate(p.seed(), 0), os.Truncate(p.seed(), 8<<20), unwritable(p))
		}},
		{"empty", content(func([]byte) []byte { return nil })},
		{"truncated to 300 bytes", content(func(b []byte) []byte { return b[:300] })},
		{"one bit flipped", content(func(b []byte) []byte { b[100] ^= 4; return b })},
		{"one bit flipped in the newer of two slots", func(t *testing.T, p *place) error {
			b := seedBytes(t, t.TempDir(), true)
			b[seedfile.Size+100] ^= 4
			return os.WriteFile(p.seed(), b, 0o600)
		}},
		{"PRNGD's 4096 bytes", content(func([]byte) []byte { return noise("prngd", 4096) })},
		{"PRNGD's 4096 bytes; directory not writable", func(t *testing.T, p *place) error {
			return errors.Join(os.WriteFile(p.seed(), noise("prngd", 4096), 0o600), unwritable(p))
		}},
		{"tlsmgr's 1024 bytes", content(func([]byte) []byte { return noise("post", 1024) })},
		{"a text", content(func([]byte) []byte { return []byte("listen /run/egd-pool\n") })},
	}
}

// otherFaults are other daemons, machines and clocks.
func otherFaults() []fault {
	return []fault{
		{"two daemons, the second", func(t *testing.T, p *place) error {
			f, err := seedfile.Open(p.options)
			if err == nil {
				t.Cleanup(func() { f.Close() })
			}
			return err
		}},
		{"killed before its first save", func(_ *testing.T, p *place) error {
			defer become(p.options.Owner)()
			return startOnly(p.options)
		}},
		{"copied from another machine", func(_ *testing.T, p *place) error {
			p.options.MachineID = []byte("another")
			return nil
		}},
		{"no machine-id", func(_ *testing.T, p *place) error {
			p.options.MachineID = []byte("uninitialized\n")
			return nil
		}},
		{"seed-credit no", func(_ *testing.T, p *place) error { p.options.Credit = false; return nil }},
		{"second seed file of one run", func(_ *testing.T, p *place) error { p.options.Again = true; return nil }},
		{"clock set back ten years since the last save", func(_ *testing.T, p *place) error {
			later := time.Now().AddDate(10, 0, 0)
			return os.Chtimes(p.seed(), later, later)
		}},
		{"removed while running", func(t *testing.T, p *place) error {
			p.running = func() { os.Remove(p.seed()) }
			return nil
		}},
		{"replaced while running; directory not writable", func(t *testing.T, p *place) error {
			p.running = func() {
				os.Chmod(p.dir, 0o700)
				os.Rename(p.seed(), p.dir+"/old")
				os.WriteFile(p.seed(), nil, 0o600)
				os.Chmod(p.dir, 0o500)
			}
			return unwritable(p)
		}},
	}
}
