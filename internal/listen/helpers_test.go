package listen

import (
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prngd/egdproto"
)

// shortDir is a temporary directory with a short name, as the paths of Unix
// sockets are.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/tmp", "egd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// answer serves l with the EGD protocol's command 0.
func answer(l *Listener) {
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.ReadFull(c, make([]byte, 1)); err == nil {
					c.Write([]byte{0, 0, 0x20, 0})
				}
			}()
		}
	}()
}

// asks makes one request at a.
func asks(a egdproto.Address) error {
	network, address := a.Dial()
	c, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return AskEGD(c)
}

// names describes what is below dir; S is a socket.
func names(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && path != dir {
			all = append(all, e.Type().String()+strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}
