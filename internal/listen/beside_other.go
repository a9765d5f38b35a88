//go:build aix || solaris

package listen

import (
	"errors"
	"net"
	"net/netip"
)

// share is errors.ErrUnsupported: no two sockets share a port here.
func (l *Listener) share(bool) error { return errors.ErrUnsupported }

// bindBeside is errors.ErrUnsupported.
func bindBeside(netip.AddrPort) (net.Listener, error) { return nil, errors.ErrUnsupported }
