package process

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ReleaseProgramPages takes the pages of the program file out of this process. They
// stay in the page cache, and a page that is used comes back by a minor fault. What
// only the start needs stays out, some 4 MB. Pages that differ from the file, such as
// relocated ones, are left alone.
func ReleaseProgramPages() error {
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer smaps.Close()
	var m mapping
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		m.read(lines.Text())
		if m.isClean() {
			if err := m.release(); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// mapping is what proc_pid_smaps(5) has said so far of one.
type mapping struct {
	start, end uintptr
	mode       string // such as "r-xp"
	inode      uint64 // 0: no file
	anonymous  string // "0 kB": every page is the file's; "" before that line
}

// read takes one line.
func (m *mapping) read(line string) {
	m.anonymous = ""
	name, value, _ := strings.Cut(line, " ")
	switch {
	case name == "Anonymous:":
		m.anonymous = strings.TrimSpace(value)
	case !strings.HasSuffix(name, ":"):
		*m = mapping{}
		var offset, device string
		// A line of another form leaves no file, and so nothing to release.
		fmt.Sscanf(line, "%x-%x %s %s %s %d", &m.start, &m.end, &m.mode, &offset, &device, &m.inode)
	}
}

// isClean reports whether the file has all that the mapping has, and keeps it.
func (m *mapping) isClean() bool {
	return m.inode != 0 && strings.HasPrefix(m.mode, "r-") && strings.HasSuffix(m.mode, "p") && m.anonymous == "0 kB"
}

// release drops the mapping's pages (madvise(2)).
func (m *mapping) release() error {
	// Not unix.Madvise: that wants a slice, and Go's heap has none at this address.
	if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED); errno != 0 {
		return fmt.Errorf("madvise of %x-%x: %w", m.start, m.end, errno)
	}
	return nil
}
