//go:build linux

// Command probe tries every way to the kernel's random bytes, prints what each
// says, and exits 0 if none of them works, else 1. test/nokernel runs it
// outside the jail, where it must fail, and inside, where it must not.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/scripts/internal/auxv"
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
		err := way.try(make([]byte, 16))
		if err == nil {
			open++
			fmt.Printf("%s: gives bytes\n", way.name)
			continue
		}
		fmt.Printf("%s: %v\n", way.name, err)
	}
	fmt.Printf("AT_RANDOM: %s\n", atRandom())
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

// atRandom tells what this program was really given: its arguments still lie where
// execve put them. The 16 bytes themselves say nothing, Go's runtime has used and overwritten them.
func atRandom() string {
	defer runtime.KeepAlive(os.Args)
	v, err := auxv.Open(os.Getpid())
	if err != nil {
		return err.Error()
	}
	defer v.Close()
	if v.HasRandom() {
		return "present"
	}
	return "none"
}
