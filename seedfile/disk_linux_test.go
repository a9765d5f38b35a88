//go:build amd64 || arm64

package seedfile_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// disk is a model of what of one directory would be there after a power cut: what
// was synced for certain; and of what was not, nobody knows.
type disk struct {
	dir     string
	names   map[string]uint64 // as they were when the directory was last synced
	durable map[uint64][]byte // content by inode, as last synced
	current map[uint64][]byte // content by inode, as programs see it
}

// files are the contents of a directory, by name.
type files map[string]string

func newDisk(t *testing.T, dir string) *disk {
	d := &disk{dir: dir, names: inodes(t, dir), durable: map[uint64][]byte{}, current: map[uint64][]byte{}}
	for name, ino := range d.names {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		d.durable[ino], d.current[ino] = b, b
	}
	return d
}

func inodes(t *testing.T, dir string) map[string]uint64 {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]uint64{}
	for _, e := range entries {
		names[e.Name()] = inode(t, filepath.Join(dir, e.Name()))
	}
	return names
}

func inode(t *testing.T, path string) uint64 {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// observe follows a system call that has just been made.
func (d *disk) observe(t *testing.T, s stop) {
	if s.ret < 0 {
		return
	}
	fd := s.args[0]
	switch s.name {
	case "openat":
		fd = uint64(s.ret)
	case "write", "pwrite64", "ftruncate", "fsync":
	default:
		return
	}
	link := fmt.Sprintf("/proc/%d/fd/%d", s.pid, fd)
	target, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case target == d.dir && s.name == "fsync":
		d.names = inodes(t, d.dir)
	case filepath.Dir(target) == d.dir:
		d.content(t, s.name, link)
	}
}

func (d *disk) content(t *testing.T, call, link string) {
	b, err := os.ReadFile(link)
	if err != nil {
		t.Fatal(err)
	}
	ino := inode(t, link)
	if _, known := d.current[ino]; !known || len(b) == 0 && call == "openat" {
		d.durable[ino] = nil
	}
	d.current[ino] = b
	if call == "fsync" {
		d.durable[ino] = b
	}
}

// outcomes are the directories that may be found: first what programs saw last,
// as after a kill of the process, then what a power cut at this moment may leave.
func (d *disk) outcomes(t *testing.T) []files {
	seen := map[string]bool{}
	var all []files
	for _, names := range []map[string]uint64{inodes(t, d.dir), d.names} {
		for choice := range versions(nil, nil) {
			f := files{}
			for name, ino := range names {
				v := versions(d.durable[ino], d.current[ino])
				f[name] = string(v[choice])
			}
			if k := f.key(); !seen[k] {
				seen[k] = true
				all = append(all, f)
			}
		}
	}
	return all
}

// state is all that a kill or a power cut at this moment may leave: modes and links
// of the directory and of what is in it, and the outcomes.
func (d *disk) state(t *testing.T) string {
	var b strings.Builder
	for _, name := range append(slices.Sorted(maps.Keys(inodes(t, d.dir))), ".") {
		var st unix.Stat_t
		if err := unix.Stat(filepath.Join(d.dir, name), &st); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, name, st.Ino, st.Mode, st.Uid, st.Nlink)
	}
	for _, f := range d.outcomes(t) {
		b.WriteString(f.key() + "\n")
	}
	return b.String()
}

// versions are what a file may hold of which one content was synced and a newer
// one written: either of them, or a mixture torn at some byte, either part of
// which is the newer one; or the newer length, but zeros.
func versions(durable, current []byte) [][]byte {
	v := [][]byte{current, durable}
	if bytes.Equal(durable, current) {
		return slices.Concat(v, slices.Repeat([][]byte{current}, 9))
	}
	from := 0
	for from < min(len(durable), len(current)) && durable[from] == current[from] {
		from++
	}
	grown := make([]byte, max(len(durable), len(current)))
	copy(grown, durable)
	for _, n := range []int{1, 100, 256, 500} {
		cut := min(from+n, len(current))
		head := slices.Clone(grown)
		copy(head, current[:cut])
		tail := slices.Clone(grown)
		copy(tail[cut:], current[cut:])
		v = append(v, head, tail)
	}
	return append(v, grown)
}

func (f files) key() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintln(&b, len(name), len(f[name]), name, f[name])
	}
	return b.String()
}

func (f files) write(t *testing.T, dir string, uid int) {
	for name, content := range f {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
}
