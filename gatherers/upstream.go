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
			data, err := fromSocket(ctx, address, credit, upstreamBytes, func(conn net.Conn, cred peercred.Cred, sample []byte) (int, error) {
				peer.Store(int64(cred.PID))
				return ask(conn, sample)
			})
			if err == nil && peer.Load() == int64(os.Getpid()) {
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

// ask fills a sample, and returns how many bytes came, also with an error.
func ask(conn net.Conn, sample []byte) (int, error) {
	client := egdproto.NewClient(conn)
	n, err := client.ReadSome(sample)
	if err != nil {
		return n, err
	}
	more, err := client.Read(sample[n:])
	return n + more, err
}
