package peercred

import "golang.org/x/sys/unix"

// ofFD asks SO_PEERCRED, unix(7). On a socket of another family it answers
// pid 0 and uid -1.
func ofFD(fd int) (Cred, error) {
	c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return unknown, err
	}
	return Cred{PID: pid(c.Pid), UID: id(c.Uid), GID: id(c.Gid)}, nil
}
