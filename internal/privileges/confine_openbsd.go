package privileges

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// promises is what serving, gathering and running commands need. "error" comes
// first: what is missing from the list fails with ENOSYS then, and does not kill
// the daemon. Source: pledge(2).
const promises = "error stdio rpath wpath cpath fattr flock unix inet dns getpw proc exec ps vminfo"

// ConfineWrites lets this process write to nothing but what is below dirs, for
// good, and connect to no Unix sockets but those and syslog's; and it pledges to
// do nothing that a daemon does not do. Descriptors that are open stay what they
// are. It returns what it did in a few words. Commands that it starts are free of
// the pledge. Only compiled, not run. Source: unveil(2), pledge(2).
func ConfineWrites(dirs, sockets []string) (did string, err error) {
	if err := unix.Unveil("/", "rx"); err != nil {
		return "", fmt.Errorf("unveil /: %w", err)
	}
	for _, path := range append(sockets, os.DevNull, "/dev/log") {
		if err := unix.Unveil(path, "rw"); err != nil {
			return "", fmt.Errorf("unveil %s: %w", path, err)
		}
	}
	for _, dir := range dirs {
		if err := unix.Unveil(dir, "rwc"); err != nil {
			return "", fmt.Errorf("unveil %s: %w", dir, err)
		}
	}
	if err := unix.UnveilBlock(); err != nil {
		return "", fmt.Errorf("unveil: %w", err)
	}
	if err := unix.PledgePromises(promises); err != nil {
		return "", fmt.Errorf("pledge: %w", err)
	}
	return "unveil: writes below " + strings.Join(dirs, " ") + " only; pledge: " + promises, nil
}
