package listen

import (
	"fmt"
	"io/fs"
	"net"
	"os"

	"prngd/egdproto"
)

// handedSocket is a descriptor that stays open over the exec, and what was known
// of it.
type handedSocket struct {
	FD      int              `json:"fd"`
	Address egdproto.Address `json:"address"`
	Path    []byte           `json:"path,omitempty"`
	File    identity         `json:"file"`
	Mode    fs.FileMode      `json:"mode"`
	UID     int              `json:"uid"`
	GID     int              `json:"gid"`
	Foreign bool             `json:"foreign,omitempty"`
}

// described is what adopt needs to know of l beside the descriptor.
func (l *Listener) described() handedSocket {
	o := l.opened
	a := l.Address()
	return handedSocket{Address: a, Path: []byte(a.Path), File: o.file, Mode: o.mode, UID: o.uid, GID: o.gid, Foreign: o.foreign}
}

// adopt makes a Listener of a descriptor, of which h is known, and closes f.
func adopt(f *os.File, h handedSocket) (*Listener, error) {
	defer f.Close()
	ln, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("adopting descriptor %s: %w", f.Name(), err)
	}
	l := NewListener(ln, nil)
	if l.opened.address.Network == "" {
		ln.Close()
		return nil, fmt.Errorf("adopting descriptor %s: expected a Unix or TCP socket, found %s", f.Name(), ln.Addr().Network())
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if h.Address.Network != "" {
		l.opened.address, l.path = h.Address, h.Address.Path
	}
	l.opened.file, l.opened.mode, l.opened.uid, l.opened.gid, l.opened.foreign = h.File, h.Mode, h.UID, h.GID, h.Foreign
	return l, nil
}
