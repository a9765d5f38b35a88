package config

import (
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"prngd/egdproto"
)

// Where something was asked for, if no line of a file did.
const (
	byCommandLine = "command line"
	byDefault     = "default"
)

func orDefault(where string) string {
	if where == "" {
		return byDefault
	}
	return where
}

// Settings is what the daemon is to be: command line and prngd.conf with
// everything looked up. It is never changed once Resolve has made it, and
// survives JSON without loss: an upgrade hands it to the next program.
type Settings struct {
	Options  Options // with absolute paths: what a reload resolves again
	Owner    int     // the uid that started the daemon
	Defaults Paths   // of that user
	Path     string  // the prngd.conf that was read; "" = there is none, and the defaults hold
	Files    []File  // that file and those that it includes, in the order of reading

	Listen  []Socket // at least one, no two for the same socket
	Status  Socket   // the control socket
	Seed    Seed
	PIDFile PIDFile
	Log     Log

	User        Account // to become if root started the daemon
	CommandUser Account // the user that runs Commands if root started the daemon

	UnseededWait   time.Duration
	MaxConnections int // 0 = the server's default
	PerUID         int // 0 = the server's default
	WriteCredit    []WriteCredit

	Gatherers      []GathererLine
	Sources        []Source
	Exchange       []Exchange
	Commands       []Command
	CreditCommands bool
	CommandTimeout time.Duration

	Undef    int // commands that are known to be missing
	Rejected int // lines that were skipped; Problems has the reasons
	Problems []Problem
	Lines    Lines
}

// Socket is one listening socket as it is to be.
type Socket struct {
	Address egdproto.Address // in canonical form: lower case, shortest IP address
	Mode    fs.FileMode      // of a Unix socket, permission bits; 0 is 0
	GID     int              // of a Unix socket; -1 = as the system makes it
	Group   string           // the same as written; "" = not given
	Allow   []netip.Prefix   // the peers that may connect by TCP; nil: this host
	Where   string           // "FILE:LINE", "command line" or "default"
}

// Seed is the seed file.
type Seed struct {
	Path   string // absolute; "" = none is kept
	Credit bool   // whether it counts
	Where  string // "FILE:LINE", "command line" or "default"
}

// PIDFile is where the process id is written.
type PIDFile struct {
	Path  string // absolute; "" = nowhere
	Where string // "command line" or ""
}

// Account is a user to become.
type Account struct {
	Name    string // as written, or the default's
	UID     int    // -1 if Missing
	GID     int    // -1 if Missing
	Groups  []int  // supplementary, GID among them or not
	Missing bool   // the default, which this system does not have
	Where   string // "FILE:LINE" or "default"
}

// Written reports whether prngd.conf names the account, which must exist then.
func (a Account) Written() bool { return a.Where != byDefault }

// File is a configuration file as it was read.
type File struct {
	Path          string
	Where         string // the line that included it, or "command line" or "default"
	Device, Inode uint64
	Modified      time.Time // UTC
	Size          int64     // bytes that were read
	SHA256        string    // of them, in hex
}

// SameText reports whether two settings were read from the same files with the
// same content.
func (s *Settings) SameText(o *Settings) bool {
	return slices.EqualFunc(s.Files, o.Files, func(a, b File) bool { return a.Path == b.Path && a.SHA256 == b.SHA256 })
}

// Writable returns the directories of all files and sockets that the daemon
// goes on writing, making or removing, sorted.
func (s *Settings) Writable() (dirs []string) {
	paths := []string{s.Seed.Path, s.PIDFile.Path, s.Status.Address.Path, s.Log.File()}
	for _, l := range s.Listen {
		paths = append(paths, l.Address.Path)
	}
	for _, x := range s.Exchange {
		paths = append(paths, x.Path)
	}
	for _, path := range paths {
		if path != "" {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// Upstream returns the Unix sockets of other daemons that this one connects to.
func (s *Settings) Upstream() (paths []string) {
	for _, source := range s.Sources {
		if source.Address.Path != "" {
			paths = append(paths, source.Address.Path)
		}
	}
	return paths
}

// RunsPrograms reports whether there are commands, or sources that are programs.
func (s *Settings) RunsPrograms() bool {
	return len(s.Commands) > 0 || slices.ContainsFunc(s.Sources, func(o Source) bool { return o.Kind == "program" })
}

// MarshalJSON keeps every byte, see [Marshal].
func (s Settings) MarshalJSON() ([]byte, error) {
	type plain Settings // without this method
	return Marshal(plain(s))
}

// UnmarshalJSON reads what MarshalJSON has written.
func (s *Settings) UnmarshalJSON(b []byte) error {
	type plain Settings
	return Unmarshal(b, (*plain)(s))
}
