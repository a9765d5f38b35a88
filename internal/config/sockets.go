package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"prngd/egdproto"
)

func (l *line) listen(words []string) error {
	if len(words) == 0 {
		return errors.New("expected an absolute path or tcp/HOST:PORT")
	}
	s := Listen{Where: l.where}
	var err error
	if s.Address, err = egdproto.ParseAddress(words[0]); err != nil {
		return err
	}
	allowed := map[string]func(string) error{"allow": s.allow}
	if s.Address.Network == "unix" {
		allowed = map[string]func(string) error{"mode": mode(&s.Mode), "group": text(&s.Group)}
	}
	if err := attributes(words[1:], allowed); err != nil {
		return err
	}
	if s.Address.Network == "tcp" && !s.Address.Loopback() && len(s.Allow) == 0 {
		return fmt.Errorf("%s: expected allow=CIDR,... for an address beyond this host", s.Address)
	}
	same := func(o Listen) bool { return o.Address == s.Address }
	if i := slices.IndexFunc(l.c.Listen, same); i >= 0 {
		return already(s.Address.String(), l.c.Listen[i].Where)
	}
	l.c.Listen = append(l.c.Listen, s)
	return nil
}

// allow reads networks and single addresses. Bits beyond the prefix are an
// error: 10.0.0.5/24 may have been meant as one host or as 256.
func (l *Listen) allow(value string) error {
	for s := range strings.SplitSeq(value, ",") {
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

func (l *line) status(words []string) error {
	s := defaultStatus()
	s.Where = l.where
	if len(words) == 0 {
		return errors.New("expected an absolute path")
	}
	if err := path(&s.Path)(words[0]); err != nil {
		return err
	}
	err := attributes(words[1:], map[string]func(string) error{"mode": mode(&s.Mode), "group": text(&s.Group)})
	if err == nil {
		l.c.Status = s
	}
	return err
}
