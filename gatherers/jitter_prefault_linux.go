package gatherers

import (
	"os"

	"golang.org/x/sys/unix"
)

// prefault makes every page of m present, in small pages where that can be
// asked for: a huge page would be one TLB entry for 2 MiB of touches. Both
// requests are wishes; the loop does what the kernel did not.
func prefault(m []byte) {
	_ = unix.Madvise(m, unix.MADV_NOHUGEPAGE)
	_ = unix.Madvise(m, unix.MADV_DONTDUMP)
	_ = unix.Madvise(m, unix.MADV_POPULATE_WRITE)
	for i := 0; i < len(m); i += os.Getpagesize() {
		m[i] = 1
	}
}
