package process

// ParseAddrPort, PeerEnded and ReleaseFatal are here for tests: neither the kernel's
// table nor a pid that is used again can be made at will, and an exec cannot be
// looked into.
var (
	ParseAddrPort = parseAddrPort
	PeerEnded     = peerEnded
	ReleaseFatal  = releaseFatal
)
