package gatherers

import (
	"context"
	"io"
	"net"
	"time"

	"prngd/egdproto"
	"prngd/internal/peercred"
)

// StreamLimit is the time that one sample of a program or a socket may take.
const StreamLimit = time.Minute

// Stream gathers from a socket whose other end sends raw bytes without end and
// without being asked. It is connected to again for each sample.
//
// Unpredictable: what the admin of the other end takes care of. Predictable:
// everything, to a listener on a network, so that TCP never counts, and to a user
// that has made the socket in a directory of all.
func Stream(address egdproto.Address, credit Credit) Gatherer {
	if address.Network != "unix" {
		credit = None
	}
	size := rawBytes(credit)
	return Gatherer{
		Name:      "stream:" + address.String(),
		Every:     600 * time.Second,
		Limit:     StreamLimit,
		Credit:    credit,
		Untrusted: true,
		Gather: func(ctx context.Context) ([]byte, error) {
			return fromSocket(ctx, address, credit, size, func(conn net.Conn, _ peercred.Cred, sample []byte) (int, error) {
				return io.ReadFull(conn, sample)
			})
		},
	}
}

// fromSocket connects and has fill take a sample of size bytes of a peer, until ctx
// ends. What came before an error is returned beside it.
func fromSocket(ctx context.Context, address egdproto.Address, credit Credit, size int, fill func(net.Conn, peercred.Cred, []byte) (int, error)) ([]byte, error) {
	var d net.Dialer
	network, place := address.Dial()
	conn, err := d.DialContext(ctx, network, place)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// A past deadline wakes the read when ctx ends.
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	sample := make([]byte, size)
	peer, _ := peercred.OfConn(conn)
	n, err := fill(conn, peer, sample)
	if err == nil && credit > 0 {
		err = otherUsers(address.Path, peer.UID)
	}
	return sample[:n], err
}
