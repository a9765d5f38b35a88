// Package config turns the command line and prngd.conf into one immutable
// [Settings] value, in which every user, group, address and path is looked up.
//
// The file is PRNGD 0.9.29's: one gatherer command a line. A line whose first
// word is exactly the name of one of our directives is ours; PRNGD would
// report and skip it, so one file can serve both.
package config

import (
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"prngd/egdproto"
)

// Config is what one prngd.conf and the files that it includes say, as written,
// with Default for what they do not say.
type Config struct {
	Listen         []Listen
	SeedFile       string // absolute; "" = not given
	NoSeedFile     bool   // seedfile off
	SeedCredit     bool
	UnseededWait   time.Duration // 0 to under 10 s
	User           Name
	CommandUser    Name
	Status         Status
	Log            Log
	WriteCredit    []WriteCredit
	CreditCommands bool
	CommandTimeout time.Duration
	Gatherers      []GathererLine // one for each name: a later line replaces an earlier one
	Sources        []Source
	Exchange       []Exchange
	MaxConnections int // 0 = the server's default
	PerUID         int // 0 = the server's default
	Commands       []Command

	SeedFileWhere string // "FILE:LINE" of the line that gave SeedFile

	Undef    int // commands that say "undef" for a path: known to be missing
	Rejected int // lines that were reported and skipped
	Problems []Problem
	Lines    Lines
}

// Name is the name of a user and where it was written.
type Name struct {
	Name  string
	Where string // "FILE:LINE"; "" = the default
}

// Listen is one address to serve the EGD protocol at.
type Listen struct {
	Address egdproto.Address
	Mode    *fs.FileMode   // of a Unix socket; nil = not given (-m, else 0777)
	Group   string         // of a Unix socket; "" = not given
	Allow   []netip.Prefix // the peers that may connect by TCP; never empty beyond loopback
	Where   string         // "FILE:LINE"
}

// Status is the control socket.
type Status struct {
	Path  string // absolute; "" = not given
	Mode  *fs.FileMode
	Group string // "" = not given
	Where string // "FILE:LINE"; "" = the default
}

// WriteCredit names peers whose writes may count. A peer must match every
// number that is given.
type WriteCredit struct {
	UID, GID int    // -1 = not given
	Alone    bool   // their bits may seed the generator without another source
	Where    string // "FILE:LINE"
}

// GathererLine changes one built-in gatherer. The name is checked by the
// package that has the gatherers.
type GathererLine struct {
	Name  string
	Off   bool
	Every time.Duration // at least 1 s; 0 if Off
	Where string        // "FILE:LINE"
}

// Source is a place to read samples from.
type Source struct {
	Kind    string           // "egd", "stream", "dev", "fifo", "file" or "program"
	Target  string           // what follows the kind's colon
	Address egdproto.Address // egd and stream only
	Argv    []string         // program only: the words of Target
	Credit  float64          // bits per byte, 0 to MaxRate
	Where   string           // "FILE:LINE"
}

// Exchange is a file that we and another generator stir in turn, as Postfix's
// tlsmgr does with its prng_exch.
type Exchange struct {
	Path  string        // absolute
	Every time.Duration // longest time between two rounds
	Where string        // "FILE:LINE"
}

// Command is an entry of PRNGD: a program whose output is a sample.
type Command struct {
	Path  string   // as written; not searched in PATH
	Argv  []string // Argv[0] included, at least one word
	Rate  float64  // bits per byte, 0 to MaxRate, whether it is honoured or not
	Where string   // "FILE:LINE"
}

// Log says where messages go, which, and how they look.
type Log struct {
	Target string // "auto", "stderr", "syslog" or "file:" and an absolute path
	Level  string // "error", "warn", "info" or "debug"
	Format string // "text" or "json"
	Where  string // "FILE:LINE"; "" = the default
}

// Problem is something an operator should know about a line that is not ours.
type Problem struct {
	File    string
	Line    int
	Message string
	Warning bool // the line was used all the same, and is not counted as rejected
}

// String returns the problem as compilers write it, file:line: message.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// Lines counts the lines of all files: each is a command, undef, rejected,
// blank, a comment or ours, so that the six add up to All.
type Lines struct {
	All, Blank, Comment, Ours int
}

// MaxRate is the most that a byte can be worth, in bits.
const MaxRate = 8

// exchangeEvery is the period of the Postfix patch that introduced the file.
const exchangeEvery = 60 * time.Second

// Default returns what holds where prngd.conf says nothing. Its paths are
// empty: see [DefaultPaths].
func Default() *Config {
	return &Config{
		UnseededWait:   5 * time.Second,
		User:           Name{Name: "prngd"},
		CommandUser:    Name{Name: "prngd-cmd"},
		Status:         defaultStatus(),
		Log:            Log{Target: "auto", Level: "info", Format: "text"},
		CommandTimeout: 60 * time.Second,
	}
}

// defaultStatus is for the owner alone: the socket takes orders.
func defaultStatus() Status {
	private := fs.FileMode(0o600)
	return Status{Mode: &private}
}
