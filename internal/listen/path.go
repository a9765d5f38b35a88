package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// dialTime bounds the test whether somebody serves an existing socket.
const dialTime = 2 * time.Second

// umask belongs to the whole process, so whoever changes it for a moment has
// to be alone.
var umaskMu sync.Mutex

func withUmask(mask int, do func() error) error {
	umaskMu.Lock()
	defer umaskMu.Unlock()
	defer syscall.Umask(syscall.Umask(mask))
	return do()
}

// listenUnix binds a path under the umask that gives it its mode: there is
// never a moment with another one, and no chmod by path, which would follow
// whatever somebody put there in between.
func listenUnix(o Options) (*Listener, error) {
	path := o.Address.Path
	if most := len(syscall.RawSockaddrUnix{}.Path) - 1; len(path) > most {
		return nil, fmt.Errorf("path of %d bytes, expected at most %d", len(path), most)
	}
	gid, err := groupID(o.Group)
	if err != nil {
		return nil, err
	}
	if err := checkLinks(path); err != nil {
		return nil, err
	}
	if err := makeParent(path); err != nil {
		return nil, err
	}
	if err := clearPath(path); err != nil {
		return nil, err
	}
	mode := o.Mode.Perm()
	if mode == 0 {
		mode = 0o777
	}
	l, err := bindUnix(path, mode)
	if err != nil {
		return nil, err
	}
	if gid < 0 {
		return l, nil
	}
	if err := os.Lchown(path, -1, gid); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func bindUnix(path string, mode fs.FileMode) (*Listener, error) {
	var ln net.Listener
	err := withUmask(int(0o777&^mode), func() (err error) {
		ln, err = new(net.ListenConfig).Listen(context.Background(), "unix", path)
		return err
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, errors.New("already used by another process")
	}
	if err != nil {
		return nil, err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false) // it would unlink anybody's
	l := New(ln, nil)
	l.file, err = os.Lstat(path)
	if err != nil {
		ln.Close()
		return nil, err
	}
	return l, nil
}

// checkLinks refuses a way to a socket on which somebody else has put a symbolic
// link, for root: the owner of a jail's directory could lead it elsewhere. Root's
// own links, such as /var/run, are followed.
func checkLinks(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		found, err := os.Lstat(dir)
		if err != nil || found.Mode().Type() != fs.ModeSymlink {
			continue
		}
		if owner := found.Sys().(*syscall.Stat_t).Uid; owner != 0 {
			return fmt.Errorf("%s is a symbolic link of uid %d, expected a directory, or a link of root's", dir, owner)
		}
	}
	return nil
}

// makeParent creates the directory of a socket, for root, and never more than
// that one, nor a child of the root directory.
func makeParent(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || os.Geteuid() != 0 || filepath.Dir(dir) == "/" {
		return nil // whatever is wrong with it, bind will say
	}
	return withUmask(0o022, func() error { return os.Mkdir(dir, 0o755) })
}

// clearPath makes way for a new socket: a dead socket of ours is removed,
// anything else at the path is an error.
func clearPath(path string) error {
	found, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if found.Mode().Type() != fs.ModeSocket {
		return errors.New("not a socket, will not touch it")
	}
	if inUse(path) {
		return errors.New("already used by another process")
	}
	owner := int(found.Sys().(*syscall.Stat_t).Uid)
	if euid := os.Geteuid(); euid != 0 && owner != euid {
		return fmt.Errorf("a dead socket of uid %d, will not touch it", owner)
	}
	return removeSocket(path, found)
}

// inUse reports whether a process may serve the socket at path. A refusal is
// the one sure sign of none: a full backlog, a datagram socket or a socket that
// we may not connect to all mean that somebody is there.
func inUse(path string) bool {
	c, err := net.DialTimeout("unix", path, dialTime)
	if err == nil {
		c.Close()
		return true
	}
	return !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist)
}

// removeSocket unlinks path if it is still the file that was seen before.
func removeSocket(path string, seen fs.FileInfo) error {
	if !sameFile(path, seen) {
		return nil // bind, if it follows, will say
	}
	return os.Remove(path)
}

// sameFile compares device and inode, and the time of the last change to its
// content, which a socket has never: file systems give a freed inode number to
// the next file made.
func sameFile(path string, seen fs.FileInfo) bool {
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(now, seen) && now.ModTime().Equal(seen.ModTime())
}

// Missing reports whether the path of a Unix socket is no longer l's: removed,
// or replaced by somebody else's. Clients cannot reach l then.
func (l *Listener) Missing() bool {
	return l.address.Network == "unix" && (l.file == nil || !sameFile(l.address.Path, l.file))
}

// groupID looks a group up; -1 for none.
func groupID(group string) (int, error) {
	if group == "" {
		return -1, nil
	}
	if gid, err := strconv.Atoi(group); err == nil && gid >= 0 {
		return gid, nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return -1, err
	}
	return strconv.Atoi(g.Gid)
}
