package gatherers

import (
	"context"
	"io"
	"net"
	"time"

	"prngd/egdproto"
)

// StreamLimit is the time that one sample of a program or a socket may take.
const StreamLimit = time.Minute

// Stream gathers from a socket whose other end sends raw bytes without end and
// without being asked. It is connected to again for each sample.
//
// Unpredictable: what the admin of the other end takes care of. Predictable:
// everything, to somebody who listens on a network, so that TCP never counts.
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
			return fromSocket(ctx, address, size, func(conn net.Conn, sample []byte) (int, error) {
				return io.ReadFull(conn, sample)
			})
		},
	}
}

// fromSocket connects and has fill take a sample of size bytes, until ctx ends. What
// came before an error is returned beside it.
func fromSocket(ctx context.Context, address egdproto.Address, size int, fill func(net.Conn, []byte) (int, error)) ([]byte, error) {
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
	n, err := fill(conn, sample)
	return sample[:n], err
}
