package peercred

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ofFD asks LOCAL_PEERCRED, unix(4). Since FreeBSD 13 the last field of struct
// xucred, a pointer that means nothing, shares its place with cr_pid; before,
// it is zero. x/sys has no name for it.
func ofFD(fd int) (Cred, error) {
	x, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return unknown, err
	}
	last := unsafe.Add(unsafe.Pointer(x), unsafe.Sizeof(*x)-unsafe.Sizeof(uintptr(0)))
	cred := Cred{PID: pid(*(*int32)(last)), UID: id(x.Uid), GID: -1}
	if x.Ngroups > 0 {
		cred.GID = id(x.Groups[0])
	}
	return cred, nil
}
