package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"prngd/egdproto"
)

// place is where a daemon may be.
type place struct {
	address egdproto.Address
	trusted func() error // whether it can only be ours; nil: nobody else could put one there
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
// defaults, OpenSSL's compiled-in list, and the ports in PRNGD's manual.
func usualPlaces() []place {
	var places []place
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		places = append(places, at(dir+"/egd-pool"))
	}
	private := filepath.Join(os.TempDir(), fmt.Sprintf("prngd-%d", os.Getuid()))
	places = append(places, place{unixAddress(private + "/egd-pool"), func() error { return expectOurs(private) }})
	for _, path := range []string{"/run/egd-pool", "/var/run/egd-pool", "/dev/egd-pool", "/etc/egd-pool", "/etc/entropy"} {
		places = append(places, at(path))
	}
	for _, port := range []int{708, 4840} {
		places = append(places, place{address: egdproto.Address{Network: "tcp", Host: "localhost", Port: port}})
	}
	return places
}

func at(path string) place { return place{address: unixAddress(path)} }

func unixAddress(path string) egdproto.Address {
	return egdproto.Address{Network: "unix", Path: path}
}

// expectOurs refuses a directory under the temporary one that anybody else
// could have made, to have their bytes taken for random ones.
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
