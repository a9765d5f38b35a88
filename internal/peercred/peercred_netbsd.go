package peercred

import "golang.org/x/sys/unix"

// localPeerEID is LOCAL_PEEREID of sys/un.h; x/sys has no name for it.
const localPeerEID = 0x0003

// ofFD asks LOCAL_PEEREID, unix(4): struct unpcbid is pid, euid and egid. x/sys
// cannot read one, so it is read into the 32 bytes of another option; the kernel
// fills 12.
func ofFD(fd int) (Cred, error) {
	x, err := unix.GetsockoptICMPv6Filter(fd, 0, localPeerEID)
	if err != nil {
		return unknown, err
	}
	return Cred{PID: pid(int32(x.Filt[0])), UID: id(x.Filt[1]), GID: id(x.Filt[2])}, nil
}
