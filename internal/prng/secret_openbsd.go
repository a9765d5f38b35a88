package prng

import "golang.org/x/sys/unix"

// MAP_CONCEAL keeps the mapping out of core dumps (mmap(2), OpenBSD 6.5).
const mapFlags = unix.MAP_CONCEAL

func hide([]byte) error { return nil }
