package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"prngd/egdproto"
	"prngd/internal/change"
)

// resolver makes one Settings.
type resolver struct {
	env  Env
	c    *Config
	s    *Settings
	errs []error
}

// Resolve reads prngd.conf, lays the command line over it and looks everything
// up. It changes nothing, and must not run on a goroutine that serves: it reads
// files, and the user database may be slow.
//
// The error joins all that is wrong, each with "FILE:LINE: directive:", what was
// found and what was expected; [change.ExitStatus] says whether it may work
// later. The problems, which are lines that were skipped, come with an error as
// well; without one they are also in the Settings.
func Resolve(o Options, env Env) (*Settings, []Problem, error) {
	o, err := o.absolute(env.Getwd)
	if err != nil {
		return nil, nil, err
	}
	r := &resolver{env: env, s: &Settings{
		Options: o, Owner: env.Owner, Defaults: DefaultPaths(env.GOOS, env.Owner, env.Getenv),
	}}
	if err := r.read(); err != nil {
		return nil, nil, err
	}
	r.copy()
	r.overlay()
	r.sockets()
	r.accounts()
	r.collisions()
	if err := errors.Join(r.errs...); err != nil {
		return nil, r.c.Problems, err
	}
	return r.s, r.c.Problems, nil
}

// ConfiguredControl returns the path of the control socket of a daemon with these
// options: the one that its configuration names, or else the one of [ControlSocket].
// Of the options only CmdFile and Addresses count. What is wrong with the
// configuration is the daemon's to say: the error is of a file that cannot be used.
func ConfiguredControl(o Options, env Env) (string, error) {
	o, err := Options{CmdFile: o.CmdFile, Addresses: o.Addresses}.absolute(env.Getwd)
	if err != nil {
		return "", err
	}
	r := &resolver{env: env, s: &Settings{Options: o, Defaults: DefaultPaths(env.GOOS, env.Owner, env.Getenv)}}
	if err := r.read(); err != nil {
		return "", err
	}
	r.sockets()
	return r.s.Status.Address.Path, nil
}

// fail notes what is wrong with a line.
func (r *resolver) fail(where, directive string, err error) {
	r.errs = append(r.errs, fmt.Errorf("%s: %s: %w", where, directive, err))
}

// read reads the file that -c names, which must be there, or else the default
// one, which need not be.
func (r *resolver) read() error {
	path, where := r.s.Options.CmdFile, byCommandLine
	if path == "" {
		path, where = r.s.Defaults.Config, byDefault
	}
	f := files{env: r.env, parser: newParser()}
	err := f.load(path, where)
	r.c = f.parser.c
	switch {
	case err == nil:
		r.s.Path, r.s.Files = path, f.list
		r.errs = f.parser.errs
		return r.vanished()
	case errors.Is(err, fs.ErrNotExist) && where == byDefault:
		return r.vanished()
	}
	return fmt.Errorf("reading configuration: %w", err)
}

// vanished refuses a configuration of which a file had content when the settings in
// effect were read, and is empty or gone: an editor that writes it this very moment
// does that, and the defaults would replace all that works. Without a file of an
// included directory the others hold.
func (r *resolver) vanished() error {
	if r.env.Now == nil {
		return nil
	}
	for _, old := range r.env.Now.Files {
		i := slices.IndexFunc(r.s.Files, func(f File) bool { return f.Path == old.Path })
		switch {
		case old.Size == 0:
		case i >= 0 && r.s.Files[i].Size == 0:
			return change.Later(fmt.Errorf("configuration %s: found 0 bytes, where there were %d; expected at least a comment", old.Path, old.Size))
		case len(r.s.Files) == 0 && old.Path == r.env.Now.Path:
			return change.Later(fmt.Errorf("configuration %s: found none, but it is in effect; expected at least an empty comment, "+
				"or a restart to go on with the defaults", old.Path))
		}
	}
	return nil
}

// copy takes over what needs no looking up.
func (r *resolver) copy() {
	s, c := r.s, r.c
	s.Log = c.Log
	s.Log.Where = orDefault(c.Log.Where)
	s.UnseededWait, s.MaxConnections, s.PerUID = c.UnseededWait, c.MaxConnections, c.PerUID
	s.WriteCredit, s.Gatherers, s.Exchange = c.WriteCredit, c.Gatherers, c.Exchange
	s.Commands, s.CreditCommands, s.CommandTimeout = c.Commands, c.CreditCommands, c.CommandTimeout
	s.Undef, s.Rejected, s.Problems, s.Lines = c.Undef, c.Rejected, c.Problems, c.Lines
	for _, source := range c.Sources {
		source.Address = canonical(source.Address)
		s.Sources = append(s.Sources, source)
	}
}

// overlay puts the options over the file.
func (r *resolver) overlay() {
	s, o := r.s, r.s.Options
	s.Seed = Seed{Path: r.c.SeedFile, Credit: r.c.SeedCredit, Where: orDefault(r.c.SeedFileWhere)}
	switch {
	case o.SeedFile != "" || o.NoSeedFile:
		s.Seed.Path, s.Seed.Where = o.SeedFile, byCommandLine
	case s.Seed.Path == "" && !r.c.NoSeedFile:
		s.Seed.Path = s.Defaults.Seed
	}
	if o.PIDFile != "" {
		s.PIDFile = PIDFile{o.PIDFile, byCommandLine}
	}
	if o.Debug {
		s.Log.Level = "debug"
	}
	if o.LogLevel != "" {
		s.Log.Level = o.LogLevel
	}
	if o.LogFormat != "" {
		s.Log.Format = o.LogFormat
	}
}

// sockets makes the listening sockets and the control socket.
func (r *resolver) sockets() {
	lines := r.c.Listen
	if len(r.s.Options.Addresses) > 0 {
		lines = nil
		for _, a := range r.s.Options.Addresses {
			lines = append(lines, Listen{Address: a, Where: byCommandLine})
		}
	}
	if len(lines) == 0 {
		lines = []Listen{{Address: egdproto.Address{Network: "unix", Path: r.s.Defaults.Socket}, Where: byDefault}}
	}
	for _, l := range lines {
		r.s.Listen = append(r.s.Listen, r.socket("listen", l))
	}
	status := r.c.Status
	if status.Path == "" {
		status.Path = ControlSocket(firstPath(lines), r.s.Defaults)
	}
	address := egdproto.Address{Network: "unix", Path: status.Path}
	r.s.Status = r.socket("status", Listen{Address: address, Mode: status.Mode, Group: status.Group, Where: orDefault(status.Where)})
}

func (r *resolver) socket(directive string, l Listen) Socket {
	s := Socket{Address: canonical(l.Address), GID: -1, Group: l.Group, Allow: l.Allow, Where: l.Where}
	if s.Address.Network != "unix" {
		return s
	}
	const all = 0o777 // PRNGD's
	s.Mode = all
	if r.s.Options.Mode != nil {
		s.Mode = *r.s.Options.Mode
	}
	if l.Mode != nil {
		s.Mode = *l.Mode
	}
	s.GID = r.group(directive, s.Where, l.Group)
	if most := len(syscall.RawSockaddrUnix{}.Path) - 1; len(s.Address.Path) > most {
		r.fail(s.Where, directive, fmt.Errorf("found a path of %d bytes, expected at most %d: %s", len(s.Address.Path), most, s.Address.Path))
	}
	return s
}

// canonical writes a TCP address in one way, whatever way it was written in.
func canonical(a egdproto.Address) egdproto.Address {
	if a.Network != "tcp" {
		return a
	}
	a.Host = strings.TrimSuffix(strings.ToLower(a.Host), ".")
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		a.Host = ip.Unmap().String()
	}
	return a
}

// absolute makes paths independent of the working directory.
func (o Options) absolute(getwd func() (string, error)) (Options, error) {
	for _, p := range []*string{&o.CmdFile, &o.SeedFile, &o.PIDFile} {
		if *p == "" || filepath.IsAbs(*p) {
			continue
		}
		dir, err := getwd()
		if err != nil {
			return o, fmt.Errorf("%s: a path that does not begin with /, and the working directory: %w", *p, err)
		}
		*p = filepath.Join(dir, *p)
	}
	return o, nil
}
