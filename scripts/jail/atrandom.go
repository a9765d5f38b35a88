//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// takeRandom waits until a child that is traced stands before the first instruction of its program; takes AT_RANDOM
// away; lets it go.
func takeRandom(pid int) error {
	var w unix.WaitStatus
	if _, err := unix.Wait4(pid, &w, 0, nil); err != nil || w.StopSignal() != unix.SIGTRAP {
		return fmt.Errorf("waiting for execve: status %#x, %v", uint32(w), err)
	}
	if err := removeRandom(pid); err != nil {
		return fmt.Errorf("removing AT_RANDOM: %w", err)
	}
	return unix.PtraceDetach(pid)
}

// removeRandom walks a process's stack as execve left it: argc, argv, 0, environment, 0, and the auxiliary vector of
// tags and values up to tag 0. There it zeroes the 16 bytes that tag 25, AT_RANDOM, points to, and turns the tag
// into 1, AT_IGNORE. What /proc/PID/auxv shows is the kernel's copy and stays.
func removeRandom(pid int) error {
	at, err := stackStart(pid)
	if err != nil {
		return err
	}
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer mem.Close()
	const size = int64(unsafe.Sizeof(uintptr(0)))
	word := func() (w uintptr) { // the next one; 0 after an error
		if err == nil {
			_, err = mem.ReadAt(bytesOf(&w), at)
			at += size
		}
		return w
	}
	at += size * (int64(word()) + 1)
	for word() != 0 {
	}
	for tag := word(); tag != 0; tag = word() {
		if bytes, ignore := word(), uintptr(1); tag == 25 {
			_, zeroed := mem.WriteAt(make([]byte, 16), int64(bytes))
			_, ignored := mem.WriteAt(bytesOf(&ignore), at-2*size)
			return errors.Join(err, zeroed, ignored)
		}
	}
	return err
}

func bytesOf(w *uintptr) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(w)), unsafe.Sizeof(*w)) }

// stackStart is field 28 of proc_pid_stat(5): the address at which execve put argc.
func stackStart(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// Field 2, the name, may hold blanks and brackets; field 3 follows its last bracket.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	start, err := strconv.ParseInt(fields[28-3], 10, 64)
	if err == nil && start == 0 {
		err = fmt.Errorf("the start of process %d's stack is hidden from us", pid)
	}
	return start, err
}
