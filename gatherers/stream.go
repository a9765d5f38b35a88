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
			conn, err := dial(ctx, address)
			if err != nil {
				return nil, err
			}
			defer conn.Close()
			// A past deadline wakes the read when ctx ends.
			defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
			sample := make([]byte, size)
			n, err := io.ReadFull(conn, sample)
			if err == nil && credit > 0 {
				cred, _ := peercred.OfConn(conn)
				err = otherUsers(address.Path, cred.UID)
			}
			return sample[:n], err
		},
	}
}

func dial(ctx context.Context, address egdproto.Address) (net.Conn, error) {
	var d net.Dialer
	network, place := address.Dial()
	return d.DialContext(ctx, network, place)
}
