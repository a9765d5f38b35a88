package peercred

import "golang.org/x/sys/unix"

// ofFD asks SO_PEERCRED, getsockopt(2): struct sockpeercred is uid, gid and
// pid. x/sys cannot read one, and raw system calls are forbidden since OpenBSD
// 7.5, so it is read into the 32 bytes of another option; the kernel fills 12.
func ofFD(fd int) (Cred, error) {
	x, err := unix.GetsockoptICMPv6Filter(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return unknown, err
	}
	return Cred{PID: pid(int32(x.Filt[2])), UID: id(x.Filt[0]), GID: id(x.Filt[1])}, nil
}
