package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
)

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
