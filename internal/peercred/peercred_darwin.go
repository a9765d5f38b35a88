package peercred

import "golang.org/x/sys/unix"

// ofFD asks LOCAL_PEERCRED for the ids and LOCAL_PEERPID for the process,
// sys/un.h.
func ofFD(fd int) (Cred, error) {
	x, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return unknown, err
	}
	cred := Cred{PID: -1, UID: id(x.Uid), GID: -1}
	if x.Ngroups > 0 {
		cred.GID = id(x.Groups[0])
	}
	if p, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
		cred.PID = pid(int32(p))
	}
	return cred, nil
}
