// Package memscan looks for secrets in the writable memory of a process. Tests
// use it.
package memscan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
)

// windowBytes is how much of a secret is recognised.
const windowBytes = 8

// Needles are windows of secrets.
type Needles struct {
	filter [1 << 16]uint64 // one bit for 22 bits of hash: most memory fails here
	known  map[uint64]string
}

// New returns no needles.
func New() *Needles { return &Needles{known: map[uint64]string{}} }

func hash(w uint64) uint32 { return uint32(w * 0x9e3779b97f4a7c15 >> 42) }

// Add enters every fourth window of secret, so that 11 bytes in a row are found: as bytes, as byte-swapped words of 32 bits
// (the message schedule of SHA-256) and as a byte-swapped word of 64 bits.
// Windows of few different bytes are left out: they are anywhere.
func (n *Needles) Add(secret []byte, what string) {
	for ; len(secret) >= windowBytes; secret = secret[min(4, len(secret)):] {
		if !distinct(secret[:windowBytes]) {
			continue
		}
		le, be := binary.LittleEndian.Uint64(secret), binary.BigEndian.Uint64(secret)
		for _, w := range [...]uint64{le, be, be<<32 | be>>32} {
			n.known[w] = what
			n.filter[hash(w)>>6] |= 1 << (hash(w) & 63)
		}
	}
}

func distinct(b []byte) bool {
	different := 0
	for i, x := range b {
		if bytes.IndexByte(b[:i], x) < 0 {
			different++
		}
	}
	return different >= windowBytes-1
}

// A Mapping is a part of a process's address space.
type Mapping struct {
	From, To uint64
	Name     string // as in /proc/PID/maps
	Secret   bool   // locked and left out of core dumps
}

// Writable returns the mappings that the process may write to, from
// /proc/PID/smaps.
func Writable(pid int) (list []Mapping, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return nil, err
	}
	writable := false
	for line := range strings.Lines(string(text)) {
		var m Mapping
		var mode string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &m.From, &m.To, &mode); n == 3 {
			if writable = strings.HasPrefix(mode, "rw"); writable {
				m.Name = strings.TrimSpace(line)
				list = append(list, m)
			}
			continue
		}
		if flags, is := strings.CutPrefix(line, "VmFlags:"); is && writable {
			list[len(list)-1].Secret = strings.Contains(flags, " lo") && strings.Contains(flags, " dd")
		}
	}
	return list, nil
}

// Read returns what is in m now.
func Read(pid int, m Mapping) ([]byte, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, m.To-m.From)
	n, err := f.ReadAt(b, int64(m.From))
	if n == 0 {
		return nil, err
	}
	return b[:n], nil
}

// Find returns where windows of the needles begin in memory that is not Secret,
// runs of them as one place.
func (n *Needles) Find(pid int) (places []string, err error) {
	list, err := Writable(pid)
	if err != nil {
		return nil, err
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	chunk := make([]byte, 256*len(empty)+windowBytes-1)
	for _, m := range list {
		for from := m.From; from < m.To && !m.Secret; from += 256 * uint64(len(empty)) {
			size := min(uint64(len(chunk)), m.To-from)
			got, err := mem.ReadAt(chunk[:size], int64(from))
			places = append(places, n.find(chunk[:got], from, m)...)
			if err != nil {
				break // [vvar] and its like
			}
		}
	}
	return places, nil
}

var empty [4096]byte

func (n *Needles) find(b []byte, from uint64, m Mapping) (places []string) {
	last := -windowBytes
	for i := 0; i+windowBytes <= len(b); i++ {
		if i%len(empty) == 0 && i+len(empty) <= len(b) && bytes.Equal(b[i:i+len(empty)], empty[:]) {
			i += len(empty) - windowBytes // most of what the runtime has reserved
			continue
		}
		w := binary.LittleEndian.Uint64(b[i:])
		if w == 0 || n.filter[hash(w)>>6]&(1<<(hash(w)&63)) == 0 {
			continue
		}
		what, is := n.known[w]
		if !is {
			continue
		}
		if i-last > 4 {
			places = append(places, fmt.Sprintf("%s at %#x in %s", what, from+uint64(i), m.Name))
		}
		last = i
	}
	return places
}
