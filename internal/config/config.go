// Package config reads prngd.conf: grammar and values, nothing else. No file
// is opened, no user looked up, no address bound here.
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

// Config is what one prngd.conf says, with Default for what it does not say.
type Config struct {
	Listen         []Listen
	SeedFile       string // absolute; "" = not given, see SetPaths
	NoSeedFile     bool   // seedfile off
	SeedCredit     bool
	UnseededWait   time.Duration // 0 to under 10 s
	User           string
	CommandUser    string
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

	Undef    int // commands that say "undef" for a path: known to be missing
	Rejected int // lines that were reported and skipped
	Problems []Problem
	Lines    Lines
}

// Listen is one place to serve the EGD protocol.
type Listen struct {
	Address egdproto.Address
	Mode    *fs.FileMode   // of a Unix socket; nil = not given (-m, else 0777)
	Group   string         // of a Unix socket; "" = not given
	Allow   []netip.Prefix // who may connect by TCP; never empty beyond loopback
	Line    int
}

// Status is the control socket.
type Status struct {
	Path  string // absolute; "" = not given, see SetPaths
	Mode  *fs.FileMode
	Group string // "" = not given
}

// WriteCredit names peers whose writes may count. A peer must match every
// number that is given.
type WriteCredit struct {
	UID, GID int  // -1 = not given
	Alone    bool // their bits may open the gate without another source
	Line     int
}

// GathererLine changes one built-in gatherer. The name is checked by whoever
// knows the menu.
type GathererLine struct {
	Name  string
	Off   bool
	Every time.Duration // at least 1 s; 0 if Off
	Line  int
}

// Source is a place to read samples from.
type Source struct {
	Kind    string           // "egd", "dev" or "file"
	Target  string           // what follows the kind's colon
	Address egdproto.Address // egd only
	Credit  float64          // bits per byte, 0 to MaxRate
	Line    int
}

// Exchange is a file that we and another generator stir in turn, as Postfix's
// tlsmgr does with its prng_exch.
type Exchange struct {
	Path  string        // absolute
	Every time.Duration // longest time between two rounds
	Line  int
}

// Command is an entry of PRNGD: a program whose output is a sample.
type Command struct {
	Path string   // as written; not searched in PATH
	Argv []string // Argv[0] included, at least one word
	Rate float64  // bits per byte, 0 to MaxRate, whether it is honoured or not
	Line int
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

// Lines counts the lines of the file: each is a command, undef, rejected,
// blank, a comment or ours, so that the six add up to All.
type Lines struct {
	All, Blank, Comment, Ours int
}

// MaxRate is the most that a byte can be worth, in bits.
const MaxRate = 8

// exchangeEvery is the period of the Postfix patch that introduced the file.
const exchangeEvery = 60 * time.Second

// Default returns what holds where prngd.conf says nothing. Its paths are
// empty: see SetPaths.
func Default() *Config {
	return &Config{
		UnseededWait:   5 * time.Second,
		User:           "prngd",
		CommandUser:    "prngd-cmd",
		Status:         defaultStatus(),
		Log:            defaultLog(),
		CommandTimeout: 60 * time.Second,
	}
}

// SetPaths fills in the socket, the seed file and the status socket that the
// file left out.
func (c *Config) SetPaths(p Paths) {
	if len(c.Listen) == 0 {
		c.Listen = []Listen{{Address: egdproto.Address{Network: "unix", Path: p.Socket}}}
	}
	if c.SeedFile == "" && !c.NoSeedFile {
		c.SeedFile = p.Seed
	}
	if c.Status.Path == "" {
		c.Status.Path = p.Status
	}
}
