package gatherers

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"prngd/egdproto"
)

// streamLimit is the time that one sample of a program or a socket may take.
const streamLimit = time.Minute

// Program gathers the output of a program that writes raw bytes to standard
// output without end, as infnoise does. It is started for each sample and its
// process group is killed when the sample is complete, so that no byte is older
// than the sample. argv is passed as for [Command]; standard error is discarded.
//
// Unpredictable: what the program's author says. Predictable: a program that
// begins with the same bytes each time; those count once.
func Program(path string, argv []string, credit Credit) Gatherer {
	size := rawBytes(credit)
	return Gatherer{
		Name:    "program:" + commandLine(path, argv),
		Every:   600 * time.Second,
		Limit:   streamLimit + 2*pipeDelay, // it ends by itself; this is for the report
		Credit:  credit,
		Foreign: true,
		Gather: func(ctx context.Context) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, streamLimit)
			defer cancel()
			data, err := output(ctx, path, argv, &capped{most: size})
			if err == nil && len(data) < size {
				err = fmt.Errorf("%d bytes, expected %d", len(data), size)
			}
			return data, err
		},
	}
}

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
		Name:    "stream:" + address.String(),
		Every:   600 * time.Second,
		Limit:   streamLimit,
		Credit:  credit,
		Foreign: true,
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
			return sample[:n], err
		},
	}
}

func dial(ctx context.Context, address egdproto.Address) (net.Conn, error) {
	var d net.Dialer
	network, place := address.Dial()
	return d.DialContext(ctx, network, place)
}
