//go:build linux

// Package auxv finds the 16 random bytes (AT_RANDOM) that the kernel gives every
// process beside its arguments, and takes them away.
package auxv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	atNull   = 0  // ends the vector
	atIgnore = 1  // an entry to be skipped
	atRandom = 25 // address of 16 random bytes
	word     = strconv.IntSize / 8
)

// Vector is the auxiliary vector on one process's stack, which a program that has
// not run its first instruction yet still trusts.
type Vector struct {
	mem *os.File
	tag int64 // where AT_RANDOM's tag lies, 0 if there is none
	ptr int64 // where the 16 bytes lie
}

// Open finds the vector of a process whose main thread has not moved its
// arguments. It is taken from the stack, not from /proc/PID/auxv: that is the
// kernel's copy, and what we change is not seen there.
func Open(pid int) (*Vector, error) {
	start, err := stackStart(pid)
	if err != nil {
		return nil, err
	}
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	v := &Vector{mem: mem}
	if err := v.find(start); err != nil {
		mem.Close()
		return nil, err
	}
	return v, nil
}

// Close gives the process's memory back.
func (v *Vector) Close() error { return v.mem.Close() }

// find walks the stack as execve left it: argc, argv, 0, environment, 0, auxv.
func (v *Vector) find(at int64) error {
	argc, err := v.word(at)
	if err != nil {
		return err
	}
	at += word * (1 + argc + 1)
	for env := int64(1); env != 0; at += word {
		if env, err = v.word(at); err != nil {
			return err
		}
	}
	for ; ; at += 2 * word {
		tag, err := v.word(at)
		if err != nil || tag == atNull {
			return err
		}
		if tag == atRandom {
			v.tag = at
			v.ptr, err = v.word(at + word)
			return err
		}
	}
}

func (v *Vector) word(at int64) (int64, error) {
	var b [word]byte
	if _, err := v.mem.ReadAt(b[:], at); err != nil {
		return 0, fmt.Errorf("reading the stack: %w", err)
	}
	if word == 4 {
		return int64(binary.NativeEndian.Uint32(b[:])), nil
	}
	return int64(binary.NativeEndian.Uint64(b[:])), nil
}

// HasRandom says whether AT_RANDOM is there.
func (v *Vector) HasRandom() bool { return v.tag != 0 }

// Remove zeroes the 16 bytes and turns their entry into one to be ignored.
func (v *Vector) Remove() error {
	if v.tag == 0 {
		return nil
	}
	if _, err := v.mem.WriteAt(make([]byte, 16), v.ptr); err != nil {
		return fmt.Errorf("zeroing AT_RANDOM: %w", err)
	}
	tag := binary.NativeEndian.AppendUint64(nil, atIgnore)
	if word == 4 {
		tag = binary.NativeEndian.AppendUint32(nil, atIgnore)
	}
	if _, err := v.mem.WriteAt(tag, v.tag); err != nil {
		return fmt.Errorf("removing AT_RANDOM: %w", err)
	}
	return nil
}

// stackStart is field 28 of proc_pid_stat(5): the address at which execve put argc.
func stackStart(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// Field 2, the name, may hold blanks and brackets; field 3 follows its last bracket.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 26 {
		return 0, fmt.Errorf("reading the stack's start: /proc/%d/stat has %d fields", pid, len(fields)+2)
	}
	start, err := strconv.ParseInt(fields[25], 10, 64)
	if err == nil && start == 0 {
		err = fmt.Errorf("the start of process %d's stack is hidden from us", pid)
	}
	return start, err
}
