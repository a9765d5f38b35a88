//go:build linux

package clones

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// archive is a cpio archive in the format that Linux unpacks at its start
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct{ bytes.Buffer }

func (a *archive) add(name string, mode int, data []byte) {
	fmt.Fprintf(a, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
	a.pad()
	a.Write(data)
	a.pad()
}

func (a *archive) pad() { a.Write(make([]byte, -a.Len()&3)) }

// initrd returns an archive of programs, each by its path in the guest, and of the daemon's configuration.
func initrd(t *testing.T, programs map[string]string, conf string) []byte {
	t.Helper()
	var a archive
	for _, dir := range []string{"bin", "dev", "etc", "proc", "run", "sys", "var"} {
		a.add(dir, 0o40755, nil)
	}
	for name, from := range programs {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		a.add(name, 0o100755, data)
	}
	a.add("etc/passwd", 0o100644, []byte("root:x:0:0:root:/:/bin/false\n"))
	a.add("etc/prngd.conf", 0o100644, []byte(conf))
	a.add("TRAILER!!!", 0, nil)
	return a.Bytes()
}
