package listen

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/egdproto"
)

func unixAddress(path string) egdproto.Address {
	return egdproto.Address{Network: "unix", Path: path}
}

// socketAt is a listen line without anything but a mode.
func socketAt(path string) Options {
	return Options{Address: unixAddress(path), Mode: 0o777, GID: -1}
}

// quietSet returns a set that logs nowhere.
func quietSet(t *testing.T) *Set {
	log, _ := logtest.NewNullLogger()
	s := NewSet(Config{Log: log})
	t.Cleanup(s.Close)
	return s
}

// start opens lines in a new set.
func start(t *testing.T, lines ...Options) ([]*Listener, error) {
	s := quietSet(t)
	c, err := s.Prepare(t.Context(), lines, Start)
	if err != nil {
		return nil, err
	}
	err = c.Commit()
	return s.Listeners(), err
}

func open(t *testing.T, path string) *Listener {
	t.Helper()
	ls, err := start(t, socketAt(path))
	if err != nil {
		t.Fatal(err)
	}
	return ls[0]
}

// plant makes a socket at path; a dead one, unless it is to be kept open.
func plant(t *testing.T, path, network string, live bool) {
	t.Helper()
	var c interface{ Close() error }
	var err error
	if network == "unixgram" {
		c, err = net.ListenPacket(network, path)
	} else {
		var ln net.Listener
		if ln, err = net.Listen(network, path); err == nil {
			ln.(*net.UnixListener).SetUnlinkOnClose(false)
			c = ln
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if live {
		t.Cleanup(func() { c.Close() })
		return
	}
	c.Close()
}

func TestPathInUse(t *testing.T) {
	for name, test := range map[string]struct {
		plant func(t *testing.T, path string)
		want  string
	}{
		"regular file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("mail"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "will not touch"},
		"directory": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "will not touch"},
		"dangling symlink": {func(t *testing.T, path string) {
			if err := os.Symlink(path+".target", path); err != nil {
				t.Fatal(err)
			}
		}, "will not touch"},
		"symlink to a dead socket": {func(t *testing.T, path string) {
			plant(t, path+".target", "unix", false)
			if err := os.Symlink(path+".target", path); err != nil {
				t.Fatal(err)
			}
		}, "will not touch"},
		"live socket":     {func(t *testing.T, path string) { plant(t, path, "unix", true) }, "already used"},
		"live datagram":   {func(t *testing.T, path string) { plant(t, path, "unixgram", true) }, "already used"},
		"our own":         {func(t *testing.T, path string) { open(t, path) }, "already used"},
		"too long a path": {func(*testing.T, string) {}, "bytes, expected at most"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "s")
			test.plant(t, path)
			if name == "too long a path" {
				path += strings.Repeat("s", 2000)
			}
			before := tree(t, dir)
			_, err := start(t, socketAt(path))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want %q and the path", err, test.want)
			}
			if after := tree(t, dir); after != before {
				t.Errorf("touched: %s, was %s", after, before)
			}
		})
	}
}

// A jail's user cannot lead root's daemon out of the jail: a link of that user in
// the way is refused, one of root's is followed, and the mode is never set by path.
func TestPlantedLinks(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("wants root")
	}
	const stranger = 4711
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	if err := os.MkdirAll(filepath.Join(outside, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "var")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link + "/s", link + "/below/s"} {
		open(t, path).Close()
		if err := os.Lchown(link, stranger, stranger); err != nil {
			t.Fatal(err)
		}
		_, err := start(t, socketAt(path))
		if want := link + " is a symbolic link of uid 4711"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
		if _, err := os.Lstat(filepath.Join(outside, "s")); err == nil {
			t.Errorf("%s: there is a socket in %s", path, outside)
		}
		if err := os.Lchown(link, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// tree describes a directory: names, types and inodes.
func tree(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		s.WriteString(e.Name() + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
	}
	return s.String()
}

func TestDeadSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	plant(t, path, "unix", false)
	open(t, path)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestMode(t *testing.T) {
	dir, before := t.TempDir(), umask()
	for want, mode := range map[os.FileMode]os.FileMode{0: 0, 0o777: 0o777, 0o666: 0o666, 0o600: 0o600} /* A16 */ {
		path := filepath.Join(dir, want.String())
		ls, err := start(t, Options{Address: unixAddress(path), Mode: mode, GID: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer ls[0].Close()
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("mode %v, %v, want %v", info.Mode(), err, want)
		}
	}
	if after := umask(); after != before {
		t.Errorf("left umask %o, was %o", after, before)
	}
}

func umask() int {
	mask := syscall.Umask(0o77)
	syscall.Umask(mask)
	return mask
}

func TestGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	path := filepath.Join(t.TempDir(), "s")
	ls, err := start(t, Options{Address: unixAddress(path), Mode: 0o660, GID: 4711})
	if err != nil {
		t.Fatal(err)
	}
	defer ls[0].Close()
	info, err := os.Lstat(path)
	if err != nil || info.Sys().(*syscall.Stat_t).Gid != 4711 || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestParentDirectory(t *testing.T) {
	dir := t.TempDir()
	_, err := start(t, socketAt(filepath.Join(dir, "a", "b", "s")))
	if err == nil {
		t.Error("made two directories")
	}
	if os.Geteuid() != 0 {
		return
	}
	open(t, filepath.Join(dir, "a", "s"))
	if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestCloseRemovesOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := open(t, path)
	if l.Missing() {
		t.Fatal("missing at once")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	l.Close()

	l = open(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if !l.Missing() {
		t.Error("not missed when removed")
	}
	plant(t, path, "unix", true) // most file systems give it the same inode
	if !l.Missing() {
		t.Error("not missed when replaced")
	}
	l.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("removed somebody else's: %v", err)
	}
}

// An inode number may be given to the next socket: the time tells them apart.
func TestMissingLooksAtTheTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := open(t, path)
	if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if !l.Missing() {
		t.Error("took another time for the same file")
	}
}

func TestTCPNeedsAllow(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "::", "192.0.2.1"} {
		a := egdproto.Address{Network: "tcp", Host: host}
		if _, err := start(t, Options{Address: a}); err == nil || !strings.Contains(err.Error(), "allow=") {
			t.Errorf("%s: %v", host, err)
		}
	}
	a := egdproto.Address{Network: "tcp", Host: "0.0.0.0"}
	ls, err := start(t, Options{Address: a, Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	ls[0].Close()
}
