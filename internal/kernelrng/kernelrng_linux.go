package kernelrng

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// permitted reports whether this process may do it: the kernel asks for
// CAP_SYS_ADMIN.
func permitted() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

// Reseed adds b, at least 32 bytes, to the kernel's pool, credits 8 bits a byte
// for it, and has the kernel's generator reseed from it at once (Linux 4.17). It
// returns [ErrNotPermitted] where it cannot.
func Reseed(b []byte) error {
	if !permitted() {
		return ErrNotPermitted
	}
	f, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer f.Close()
	return reseed(b, func(request uint, arg unsafe.Pointer) error {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), uintptr(request), uintptr(arg))
		if errno != 0 {
			return errno
		}
		return nil
	})
}

// reseed makes the two requests.
func reseed(b []byte, ioctl func(request uint, arg unsafe.Pointer) error) error {
	if len(b) < 32 {
		return fmt.Errorf("adding entropy to the kernel: %d bytes, expected at least 32", len(b))
	}
	// struct rand_pool_info: bits, bytes, data.
	info := make([]byte, 8, 8+len(b))
	binary.NativeEndian.PutUint32(info, uint32(8*len(b)))
	binary.NativeEndian.PutUint32(info[4:], uint32(len(b)))
	info = append(info, b...)
	defer clear(info)
	return errors.Join(
		wrap("RNDADDENTROPY", ioctl(unix.RNDADDENTROPY, unsafe.Pointer(&info[0]))),
		wrap("RNDRESEEDCRNG", ioctl(unix.RNDRESEEDCRNG, nil)))
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("/dev/urandom: %s: %w", what, err)
}
