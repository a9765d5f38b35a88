package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"

	"prngd/egdproto"
)

func (p *parser) listen(words []string) error {
	if len(words) == 0 {
		return errors.New("expected an absolute path or tcp/HOST:PORT")
	}
	l := Listen{Line: p.c.Lines.All}
	var err error
	if l.Address, err = egdproto.ParseAddress(words[0]); err != nil {
		return err
	}
	allowed := map[string]func(string) error{"allow": l.allow}
	if l.Address.Network == "unix" {
		allowed = map[string]func(string) error{"mode": mode(&l.Mode), "group": text(&l.Group)}
	}
	if err := attributes(words[1:], allowed); err != nil {
		return err
	}
	if l.Address.Network == "tcp" && !l.Address.Loopback() && len(l.Allow) == 0 {
		return fmt.Errorf("%s: expected allow=CIDR,... for an address beyond this host", l.Address)
	}
	same := func(o Listen) bool { return o.Address == l.Address }
	if i := slices.IndexFunc(p.c.Listen, same); i >= 0 {
		return already(l.Address.String(), p.c.Listen[i].Line)
	}
	p.c.Listen = append(p.c.Listen, l)
	return nil
}

// allow reads networks and single addresses. Bits beyond the prefix are an
// error: 10.0.0.5/24 may have been meant as one host or as 256.
func (l *Listen) allow(value string) error {
	for _, s := range strings.Split(value, ",") {
		network, err := netip.ParsePrefix(s)
		if ip, e := netip.ParseAddr(s); e == nil && ip.Zone() == "" {
			network, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		switch {
		case err != nil || network.Addr().Is4In6():
			return fmt.Errorf("expected networks such as 10.1.0.0/16 or fd00::/8, found %.50q", s)
		case network != network.Masked():
			return fmt.Errorf("expected %s or %s/%d, found %s", network.Masked(), network.Addr(), network.Addr().BitLen(), s)
		}
		l.Allow = append(l.Allow, network)
	}
	return nil
}

// defaultStatus is for the owner alone: the socket takes orders.
func defaultStatus() Status {
	private := fs.FileMode(0o600)
	return Status{Mode: &private}
}

func (p *parser) status(words []string) error {
	s := defaultStatus()
	if len(words) == 0 {
		return errors.New("expected an absolute path")
	}
	if err := path(&s.Path)(words[0]); err != nil {
		return err
	}
	err := attributes(words[1:], map[string]func(string) error{"mode": mode(&s.Mode), "group": text(&s.Group)})
	if err == nil {
		p.c.Status = s
	}
	return err
}
