package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"prngd/egdproto"
	"prngd/internal/config"
)

// place is where a daemon may be.
type place struct {
	address egdproto.Address
	trusted func() error // whether it can only be ours; nil: only root could put one there, or the user named it
	shared  bool         // perhaps others could put one there: what listens must be the daemon's, root's or ours
}

// parseAddress reads PRNGD's notation and egc.pl's: what has a colon is
// HOST:PORT, all else is a socket's path, relative or not.
func parseAddress(s string) (egdproto.Address, error) {
	switch {
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "tcp/"):
	case strings.Contains(s, ":"):
		s = "tcp/" + s
	case s != "" && !strings.ContainsRune(s, 0):
		return egdproto.Address{Network: "unix", Path: s}, nil
	default:
		return egdproto.Address{}, usageError("address %q: expected a path, tcp/HOST:PORT or HOST:PORT", s)
	}
	address, err := egdproto.ParseAddress(s)
	if err != nil {
		return address, usageError("%w", err)
	}
	return address, nil
}

// usualPlaces lists where daemons listen, the caller's own first: prngd's
// defaults and the list compiled into OpenSSL. Only root and the caller can
// make a socket at any of them; so there is no port among them (B2).
func usualPlaces() []place {
	var places []place
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		places = append(places, ours(dir+"/egd-pool", dir))
	}
	private := filepath.Join(os.TempDir(), fmt.Sprintf("prngd-%d", os.Getuid()))
	places = append(places, ours(private+"/egd-pool", private))
	for _, path := range []string{"/run/egd-pool", "/var/run/egd-pool", "/dev/egd-pool", "/etc/egd-pool", "/etc/entropy"} {
		places = append(places, at(path))
	}
	return places
}

// usualControls are the control sockets of the caller's own daemon and the system's,
// which may be where the system's prngd.conf says.
func usualControls() []place {
	usual := systemPaths().Status
	system := []place{at(usual)}
	if configured, err := config.ConfiguredControl(config.Options{}, config.System(0)); err == nil && configured != usual {
		system = []place{at(configured), at(usual)}
	}
	if os.Getuid() == 0 {
		return system
	}
	own := ownPaths().Status
	return append([]place{ours(own, filepath.Dir(own))}, system...)
}

func ownPaths() config.Paths { return config.DefaultPaths(runtime.GOOS, os.Getuid(), os.Getenv) }

func systemPaths() config.Paths { return config.DefaultPaths(runtime.GOOS, 0, os.Getenv) }

func at(path string) place { return place{address: unixAddress(path)} }

// ours is a path that counts only if nobody else can write to dir.
func ours(path, dir string) place {
	return place{address: unixAddress(path), trusted: func() error { return expectOurs(dir) }}
}

func unixAddress(path string) egdproto.Address {
	return egdproto.Address{Network: "unix", Path: path}
}

// expectOurs refuses a directory that somebody else could have made, or writes
// to: their bytes would be taken for random ones.
func expectOurs(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("expected %s to be a directory that only we can write to", dir)
	}
	return nil
}
