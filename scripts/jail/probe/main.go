//go:build linux

// Command probe tries every way to the kernel's random bytes, prints what each
// says, and exits 0 if none of them works, else 1. test/nokernel runs it
// outside the jail, where it must fail, and inside, where it must not.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	open := 0
	for _, way := range []struct {
		name string
		try  func(p []byte) error
	}{
		{"getrandom, system call", systemCall},
		{"getrandom, as Go makes it (vDSO)", library},
		{"/dev/random", file("/dev/random")},
		{"/dev/urandom", file("/dev/urandom")},
		{"/dev/hwrng", file("/dev/hwrng")},
		{"/proc/sys/kernel/random/uuid", file("/proc/sys/kernel/random/uuid")},
		{"/proc/sys/kernel/random/boot_id", file("/proc/sys/kernel/random/boot_id")},
	} {
		var says any = "gives bytes"
		if err := way.try(make([]byte, 16)); err != nil {
			says = err
		} else {
			open++
		}
		fmt.Printf("%s: %v\n", way.name, says)
	}
	fmt.Println("AT_RANDOM:", atRandom())
	if open > 0 {
		os.Exit(1)
	}
}

func systemCall(p []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.GRND_NONBLOCK)
	if errno != 0 {
		return errno
	}
	return nil
}

func library(p []byte) error {
	_, err := unix.Getrandom(p, unix.GRND_NONBLOCK)
	return err
}

// file opens without blocking: a device without a driver must not stop us.
func file(path string) func(p []byte) error {
	return func(p []byte) error {
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.ReadFull(f, p)
		return err
	}
}

// atRandom tells what this program was really given. The 16 bytes themselves say nothing, Go's runtime has used and
// overwritten them.
func atRandom() string {
	vector, err := unix.Auxv()
	if err != nil {
		return err.Error()
	}
	if slices.ContainsFunc(vector, func(entry [2]uintptr) bool { return entry[0] == 25 }) { // its tag
		return "present"
	}
	return "none"
}
