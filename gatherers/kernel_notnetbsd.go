//go:build unix && !linux && !freebsd && !netbsd

package gatherers

func netbsdProof() proof { return unproven }
