package prng

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Protection says what the memory of secrets has, and what the system refused.
type Protection struct {
	Guarded bool // unreadable pages before and after
	Locked  bool // never swapped out
	Hidden  bool // left out of core dumps
	// Missing names what is not there and why, for status: "mlock: cannot allocate memory".
	Missing []string
}

// region is one mapping of secret pages between two guard pages.
type region struct {
	mapped     []byte
	usable     []byte
	protection Protection
}

// NewSecret returns n zero bytes outside the Go heap, page aligned, between
// guard pages, locked and left out of core dumps as far as the system lets us.
// They are never freed: for buffers that live as long as the process.
func NewSecret(n int) ([]byte, error) {
	r, err := mapRegion(n)
	if err != nil {
		return nil, err
	}
	return r.usable[:n:n], nil
}

// mapSecrets maps the pool's own.
func mapSecrets() (*region, error) { return mapRegion(int(unsafe.Sizeof(secrets{}))) }

// secrets is the region seen as the pool's secrets: no pointers in it, and a
// page is aligned for anything.
func (r *region) secrets() *secrets { return (*secrets)(unsafe.Pointer(&r.usable[0])) }

func mapRegion(n int) (*region, error) {
	if n <= 0 {
		panic("internal error: secret memory of no size")
	}
	page := unix.Getpagesize()
	size := (n + page - 1) / page * page
	m, err := unix.Mmap(-1, 0, page+size+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|mapFlags)
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes for secrets: %w", size, err)
	}
	r := &region{mapped: m, usable: m[page : page+size : page+size]}
	r.protect(m[:page], m[page+size:])
	return r, nil
}

// protect does what it can: a jail that may not lock memory still has to serve.
func (r *region) protect(before, after []byte) {
	p := &r.protection
	try := func(what string, err error) bool {
		if err != nil {
			p.Missing = append(p.Missing, fmt.Sprintf("%s: %v", what, err))
		}
		return err == nil
	}
	p.Guarded = try("guard page", unix.Mprotect(before, unix.PROT_NONE)) &&
		try("guard page", unix.Mprotect(after, unix.PROT_NONE))
	p.Locked = try("mlock", unix.Mlock(r.usable))
	p.Hidden = try("core dump exclusion", hide(r.usable))
}

// free erases and unmaps.
func (r *region) free() error {
	clear(r.usable)
	if err := unix.Munmap(r.mapped); err != nil {
		return fmt.Errorf("unmapping secrets: %w", err)
	}
	return nil
}

// secrets is everything that must not be learnt, in one guarded mapping. It
// holds no pointers: the garbage collector does not look here.
type secrets struct {
	drbg  hashDRBG
	acc   accumulator
	chain chain
}
