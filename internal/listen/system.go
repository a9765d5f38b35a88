package listen

import (
	"context"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// dialTime bounds the test whether a process serves an existing socket.
	dialTime = 2 * time.Second
	// lookupTime bounds the look-up of a host name.
	lookupTime = 5 * time.Second
	// lockTime bounds the wait for another process that starts in the same
	// directory. Any user can lock a directory that they can read, so the lock is
	// not worth more than that.
	lockTime = 5 * time.Second
)

// system is the calls of the operating system that can fail, so that a test can
// have each of them fail.
type system struct {
	listen func(network, address string) (net.Listener, error) // socket, bind and listen
	bind   func(addr netip.AddrPort) (net.Listener, error)     // socket and bind
	dial   func(path string) error
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	lstat, stat  func(path string) (fs.FileInfo, error)
	readDir      func(path string) ([]fs.DirEntry, error)
	mkdir        func(path string, mode fs.FileMode) error
	chmod        func(path string, mode fs.FileMode) error // of a socket; does not follow a link
	chgrp        func(path string, gid int) error          // the same
	lchown       func(path string, uid, gid int) error
	link, rename func(from, to string) error
	remove       func(path string) error
	lock         func(dir *os.File) error // of a directory, without waiting
	openDir      func(path string) (*os.File, error)
	relisten     func(l *Listener) error
}

// realSystem is the calls as they are.
func realSystem() *system {
	return &system{
		listen: func(network, address string) (net.Listener, error) {
			var lc net.ListenConfig // sets SO_REUSEADDR, and the system's largest backlog
			lc.SetMultipathTCP(false)
			return lc.Listen(context.Background(), network, address)
		},
		bind: bindBeside,
		dial: func(path string) error {
			c, err := net.DialTimeout("unix", path, dialTime)
			if err == nil {
				c.Close()
			}
			return err
		},
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		lstat: os.Lstat, stat: os.Stat, readDir: os.ReadDir, mkdir: os.Mkdir,
		chmod: chmod, chgrp: chgrp, lchown: os.Lchown, link: os.Link, rename: os.Rename, remove: os.Remove,
		lock: tryLock, openDir: os.Open,
		relisten: (*Listener).relisten,
	}
}

// umaskMu is held while the umask is another: it belongs to the whole process.
var umaskMu sync.Mutex

func withUmask(mask fs.FileMode, do func() error) error {
	umaskMu.Lock()
	defer umaskMu.Unlock()
	defer syscall.Umask(syscall.Umask(int(mask)))
	return do()
}
