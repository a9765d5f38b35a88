package peercred

import "golang.org/x/sys/unix"

// localPeerCred is LOCAL_PEERCRED of sys/un.h; x/sys has no name for it.
const localPeerCred = 0x0001

// ofFD asks LOCAL_PEERCRED, unix(4), whose struct xucred begins with version,
// uid, number of groups (16 bits and padding) and groups; there is no pid. x/sys
// cannot read one here, so it is read into the 32 bytes of another option: the
// kernel cuts the answer to the space it is given.
func ofFD(fd int) (Cred, error) {
	x, err := unix.GetsockoptICMPv6Filter(fd, 0, localPeerCred)
	if err != nil {
		return unknown, err
	}
	cred := Cred{PID: -1, UID: id(x.Filt[1]), GID: -1}
	if x.Filt[2]&0xffff > 0 {
		cred.GID = id(x.Filt[3])
	}
	return cred, nil
}
