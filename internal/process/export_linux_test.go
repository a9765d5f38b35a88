package process

// ParseAddrPort and PeerEnded are here for tests: neither the kernel's table nor a
// pid that is used again can be made at will.
var (
	ParseAddrPort = parseAddrPort
	PeerEnded     = peerEnded
)
