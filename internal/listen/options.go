package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/change"
)

// Options is what one listen line asks for.
type Options struct {
	Address   egdproto.Address `json:"address"`
	Mode      fs.FileMode      `json:"mode"`            // Unix: the permission bits, all of them: 0 lets nobody but root in
	GID       int              `json:"gid"`             // Unix: the group; -1: the one that the system gives
	Allow     []netip.Prefix   `json:"allow,omitempty"` // TCP: the peers let in; none: this host alone
	Where     string           `json:"where,omitempty"` // the line, as in "/etc/prngd.conf:12", for errors; empty: none
	Directory *Directory       `json:"directory,omitempty"`
	// Default gives way to sockets that a supervisor passed: nobody asked for it.
	Default bool `json:"default,omitempty"`
}

// Directory is what is done about the directory of a Unix socket. Without one,
// root makes a missing directory with mode 0755 and others make none.
type Directory struct {
	Mode fs.FileMode `json:"mode"` // a missing directory is made with it
	UID  int         `json:"uid"`  // and given to this user; -1: to nobody else
	GID  int         `json:"gid"`  // and to this group; -1: to no other
	// Private refuses a directory of another user, and one that others can write to.
	Private bool `json:"private,omitempty"`
}

// ErrInUse is the error of an address at which another process listens.
var ErrInUse = errors.New("already used by another process")

// errorAt says for which line an error is, and marks it with [change.Later] if
// the same line may work later.
func (o *Options) errorAt(err error) error {
	if err == nil {
		return nil
	}
	err = temporary(fmt.Errorf("listening on %s: %w", o.Address, err))
	if o.Where != "" {
		err = fmt.Errorf("%s: %w", o.Where, err)
	}
	return err
}

// temporary marks errors that go away without a change of configuration: an
// address or a name that is not there yet, and a system that is short of
// something. Permissions and missing directories are not among them.
func temporary(err error) error {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return change.Later(err)
	}
	for _, later := range []error{
		unix.EADDRNOTAVAIL, unix.ENETDOWN, unix.ENETUNREACH, unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM,
		unix.ENOSPC, unix.EDQUOT, unix.EAGAIN, unix.EINTR, unix.EIO, unix.ESTALE, context.DeadlineExceeded, context.Canceled,
	} {
		if errors.Is(err, later) {
			return change.Later(err)
		}
	}
	return err
}

// endpoint is one address to bind. tcp/localhost has two, 127.0.0.1 and ::1.
type endpoint struct {
	path string         // of a Unix socket; empty: TCP
	addr netip.AddrPort // of a TCP socket
	// optional is an address that a host need not have.
	optional bool
}

// endpointOf is the endpoint that l is bound to.
func endpointOf(l *Listener) endpoint {
	a := l.Address()
	if a.Network == "unix" {
		return endpoint{path: a.Path}
	}
	addr, _ := netip.ParseAddr(a.Host)
	return endpoint{addr: netip.AddrPortFrom(addr.Unmap(), uint16(a.Port))}
}

// String returns e as a user writes it.
func (e endpoint) String() string {
	if e.path != "" {
		return e.path
	}
	return "tcp/" + e.addr.String()
}

// key is equal for two endpoints that are the same socket, whatever way leads to
// it: of a Unix socket the directory counts and not its name.
func (e endpoint) key(sys *system) string {
	if e.path == "" {
		return e.String()
	}
	path := filepath.Clean(e.path)
	dir, err := sys.stat(filepath.Dir(path))
	if err != nil {
		return path
	}
	id := identityOf(dir)
	return fmt.Sprintf("%d:%d/%s", id.Device, id.Inode, filepath.Base(path))
}

// endpoints returns what o asks for. Only names are looked up.
func (o *Options) endpoints(ctx context.Context, sys *system) ([]endpoint, error) {
	a := o.Address
	port := uint16(a.Port)
	if a.Network == "unix" {
		return []endpoint{{path: a.Path}}, nil
	}
	if !a.Loopback() && len(o.Allow) == 0 {
		return nil, errors.New("expected allow=CIDR,... because other hosts can reach it")
	}
	if addr, err := netip.ParseAddr(a.Host); err == nil {
		return []endpoint{{addr: netip.AddrPortFrom(addr.Unmap(), port)}}, nil
	}
	if a.Loopback() { // OpenSSH dials 127.0.0.1 only, and there are hosts without IPv6
		v4 := endpoint{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)}
		v6 := endpoint{addr: netip.AddrPortFrom(netip.IPv6Loopback(), port), optional: true}
		return []endpoint{v4, v6}, nil
	}
	addr, err := resolve(ctx, sys, a.Host)
	if err != nil {
		return nil, err
	}
	return []endpoint{{addr: netip.AddrPortFrom(addr, port)}}, nil
}

// resolve looks a host up: its first IPv4 address, or else its first address, as
// package net does.
func resolve(ctx context.Context, sys *system, host string) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	addrs, err := sys.lookup(ctx, host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range addrs {
		if a.Unmap().Is4() {
			return a.Unmap(), nil
		}
	}
	if len(addrs) == 0 {
		return netip.Addr{}, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return addrs[0], nil
}
