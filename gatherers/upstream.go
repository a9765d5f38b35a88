package gatherers

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"prngd/egdproto"
	"prngd/internal/peercred"
)

// upstreamBytes is the size of a sample. Each request drains a classic EGD,
// so that more would be taken from its other clients.
const upstreamBytes = 64

// EGD gathers from another EGD socket, in both ways of reading: first what it
// gives at once, the rest by waiting for it.
//
// Unpredictable: as much as the other daemon's admin takes care of. Predictable:
// everything, to a listener on a network, so that TCP never counts; to a user that
// has made the socket in a directory of all; and to this daemon, if the socket turns
// out to be its own.
func EGD(address egdproto.Address, credit Credit) Gatherer {
	if address.Network != "unix" {
		credit = None
	}
	var peer atomic.Int64
	return Gatherer{
		Name:      "egd:" + address.String(),
		Every:     600 * time.Second,
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
			cred, _ := peercred.OfConn(conn)
			pid := cred.PID
			peer.Store(int64(pid))
			data, err := ask(conn)
			if err == nil && credit > 0 {
				err = otherUsers(address.Path, cred.UID)
			}
			if err == nil && pid == os.Getpid() {
				err = Uncredited("the other end is this very daemon")
			}
			return data, err
		},
		Detail: func() string {
			if pid := peer.Load(); pid > 0 {
				return fmt.Sprintf("served by process %d", pid)
			}
			return ""
		},
	}
}

// ask reads one sample. What came before an error is returned beside it.
func ask(conn net.Conn) ([]byte, error) {
	client := egdproto.NewClient(conn)
	sample := make([]byte, upstreamBytes)
	n, err := client.ReadSome(sample)
	if err != nil {
		return sample[:n], err
	}
	if err := client.ReadAll(sample[n:]); err != nil {
		return sample[:n], err
	}
	return sample, nil
}
