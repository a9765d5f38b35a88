//go:build solaris || illumos

package peercred

import "golang.org/x/sys/unix"

// ofFD asks getpeerucred(3C), on illumos as well; x/sys reaches libc without cgo.
func ofFD(fd int) (Cred, error) {
	u, err := unix.GetPeerUcred(uintptr(fd))
	if err != nil {
		return unknown, err
	}
	return Cred{PID: pid(int32(u.Getpid())), UID: u.Geteuid(), GID: u.Getegid()}, nil
}
