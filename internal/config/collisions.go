package config

import (
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"prngd/egdproto"
)

// claim is a path or address that one line wants for itself.
type claim struct {
	directive, name, where string
	file                   place    // of a path
	hosts                  []string // of a TCP address; "*" is every one
	port                   int
}

// place is what a path leads to: a file that is there, or a name below the
// directory that will have it.
type place struct {
	id
	rest string
}

// collisions refuses two lines that lead to the same file or socket, by whatever
// path or name: one of them would replace what the other one has.
func (r *resolver) collisions() {
	var held []claim
	for _, c := range r.claims() {
		if i := slices.IndexFunc(held, c.collides); i >= 0 {
			o := held[i]
			r.fail(c.where, c.directive, fmt.Errorf("%s leads to the same place as %s (%s, %s), expected each once", c.name, o.name, o.directive, o.where))
			continue
		}
		held = append(held, c)
	}
}

func (c claim) collides(o claim) bool {
	if c.port != 0 || o.port != 0 {
		return c.port == o.port && slices.ContainsFunc(c.hosts, func(host string) bool {
			return host == "*" || slices.Contains(o.hosts, "*") || slices.Contains(o.hosts, host)
		})
	}
	return c.file == o.file
}

// claims lists what the settings want to have for themselves.
func (r *resolver) claims() (list []claim) {
	s := r.s
	path := func(directive, path, where string) {
		if path == "" {
			return
		}
		file, device := r.place(path)
		if device && directive != "source" {
			return // the null device, for one, can be of use to several
		}
		list = append(list, claim{directive: directive, name: path, where: where, file: file})
	}
	address := func(directive string, a egdproto.Address, where string) {
		if a.Network == "unix" {
			path(directive, a.Path, where)
			return
		}
		list = append(list, claim{directive: directive, name: a.String(), where: where, hosts: hosts(a), port: a.Port})
	}
	for _, f := range s.Files {
		path("configuration", f.Path, f.Where)
	}
	for _, l := range s.Listen {
		address("listen", l.Address, l.Where)
	}
	address("status", s.Status.Address, s.Status.Where)
	path("seedfile", s.Seed.Path, s.Seed.Where)
	path("pidfile", s.PIDFile.Path, s.PIDFile.Where)
	path("log", s.Log.File(), s.Log.Where)
	for _, x := range s.Exchange {
		path("exchange", x.Path, x.Where)
	}
	for _, source := range s.Sources {
		switch source.Kind {
		case "egd", "stream":
			address("source", source.Address, source.Where)
		case "dev", "fifo", "file":
			path("source", source.Target, source.Where)
		}
	}
	return list
}

// place finds what a path leads to: the deepest part of it that is there, and
// the names that are missing below it. A path is not cleaned first: what ".."
// means after a symbolic link only the system knows.
func (r *resolver) place(path string) (p place, device bool) {
	for dir := path; ; {
		if info, err := r.env.Stat(dir); err == nil {
			return place{idOf(info), filepath.Clean("/" + path[len(dir):])}, info.Mode()&fs.ModeDevice != 0
		}
		i := strings.LastIndexByte(strings.TrimRight(dir, "/"), '/')
		if i < 0 {
			return place{rest: filepath.Clean(path)}, false
		}
		dir = path[:i+1]
	}
}

// hosts returns the addresses that a listening socket takes.
func hosts(a egdproto.Address) []string {
	if a.Host == "localhost" {
		return []string{"127.0.0.1", "::1"}
	}
	if ip, err := netip.ParseAddr(a.Host); err == nil && ip.IsUnspecified() {
		return []string{"*"}
	}
	return []string{a.Host}
}
