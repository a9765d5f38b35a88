package egdproto

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Address is where a daemon listens, in PRNGD's notation.
type Address struct {
	Network string // "unix" or "tcp"
	Host    string // tcp: a name or an IP address, without brackets
	Port    int    // tcp: 1 to 65535
	Path    string // unix: absolute
}

// ParseAddress reads "/path" or "tcp/HOST:PORT". HOST is a name, an IPv4
// address, or an IPv6 address in brackets; nothing is looked up.
func ParseAddress(s string) (Address, error) {
	if strings.HasPrefix(s, "/") && !strings.ContainsRune(s, 0) {
		return Address{Network: "unix", Path: s}, nil
	}
	rest, ok := strings.CutPrefix(s, "tcp/")
	if !ok {
		return Address{}, fmt.Errorf("address %q: expected an absolute path or tcp/HOST:PORT", s)
	}
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 {
		return Address{}, fmt.Errorf("address %q: expected tcp/HOST:PORT, found no port", s)
	}
	host, ok := parseHost(rest[:colon])
	if !ok {
		return Address{}, fmt.Errorf("address %q: expected a host name, an IPv4 address or an [IPv6 address]", s)
	}
	port, ok := parsePort(rest[colon+1:])
	if !ok {
		return Address{}, fmt.Errorf("address %q: expected a port from 1 to 65535", s)
	}
	return Address{Network: "tcp", Host: host, Port: port}, nil
}

func parseHost(s string) (string, bool) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return inner, ok && err == nil && ip.Is6()
	}
	strange := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-._", r)
	}
	return s, s != "" && !strings.ContainsFunc(s, strange)
}

func parsePort(s string) (int, bool) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, false // Atoi would take a sign
	}
	port, err := strconv.Atoi(s)
	return port, err == nil && port >= 1 && port <= 65535
}

// String returns a as the user writes it.
func (a Address) String() string {
	if a.Network == "unix" {
		return a.Path
	}
	return "tcp/" + a.hostport()
}

// Dial returns the two arguments of net.Dial.
func (a Address) Dial() (network, address string) {
	if a.Network == "unix" {
		return "unix", a.Path
	}
	return "tcp", a.hostport()
}

func (a Address) hostport() string {
	host := a.Host
	if strings.ContainsRune(host, ':') {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(a.Port)
}

// Loopback reports whether a is a TCP address that only this host reaches:
// localhost, 127.0.0.0/8 or ::1.
func (a Address) Loopback() bool {
	if a.Network != "tcp" {
		return false
	}
	ip, err := netip.ParseAddr(a.Host)
	return strings.EqualFold(a.Host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
