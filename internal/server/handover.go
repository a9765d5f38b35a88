package server

import "time"

// Connection is one accepted connection as it is handed to another process. It
// never holds a random byte: what a client has not taken yet is made afresh. Nor
// does it hold the literal bytes of a partly sent reply to 00 or 04: the pid stays,
// and the two levels, 00000000 and 00002000, differ in the third byte alone, so
// that whatever the gate does in between the client reads one or the other.
type Connection struct {
	FD      int
	Queue   []byte // requests not answered in full, and the beginning of one
	Skip    uint16 // bytes sent of the reply to the first of them
	Expired uint16 // bytes of Queue in which command 1 has waited long enough

	// Ages at the handover; -1: not set.
	Begun, Blocked, Stuck time.Duration

	Completed, EOF bool

	UID, GID, PID int           // of a Unix peer; -1: unknown
	Addr          string        // of a TCP peer, without port; else ""
	Port          int           // of the listening socket, for a TCP peer
	Age           time.Duration // since it was accepted
}

// inheritable is how old a connection may look that is inherited: instants are
// positive, so the server's clock starts that long ago.
const inheritable = time.Hour
