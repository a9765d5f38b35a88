package seedfile

import (
	"strings"

	"golang.org/x/sys/unix"
)

// MachineID identifies this installation, or is nil where nothing does. On
// FreeBSD it is kern.hostuuid, which is all zeros in a jail that was given none
// and before /etc/rc.d/hostid has run.
func MachineID() []byte {
	id, err := unix.Sysctl("kern.hostuuid")
	if err != nil || strings.Trim(id, "0-\x00 \n") == "" {
		return nil
	}
	return []byte(id)
}
