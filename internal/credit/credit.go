// Package credit says whose bytes count towards a seed, for how many bits, and when.
//
// Everything that reaches the generator is mixed, from any sender. What counts
// is decided here and nowhere else, one rule a function; the generator applies
// the limits of a [prng.Policy].
package credit

import (
	"slices"
	"strings"

	"prngd/gatherers"
	"prngd/internal/peercred"
	"prngd/internal/prng"
)

// untrustedLimit is what one untrusted source may count before the first seed,
// in bits: half of what that takes, so that none of them seeds alone.
const untrustedLimit = prng.FirstSeedBits / 2

// Gatherer returns the policy for the samples of g. What g says that others
// made counts for at most half of the first seed.
func Gatherer(g *gatherers.Gatherer) prng.Policy {
	p := prng.Policy{Name: g.Name, Untrusted: g.Untrusted, Independent: independent(g.Name)}
	if p.Untrusted {
		p.FirstSeedLimit = untrustedLimit
	}
	return p
}

// independent reports whether a twin of this machine cannot share what that
// gatherer samples: jitter, and devices but those of the kernel's generator. Files
// and other daemons may have been cloned as well, and commands are not tested.
func independent(name string) bool {
	device, is := strings.CutPrefix(name, "dev:")
	return name == "jitter" || is && !gatherers.KernelDevice(device)
}

// SeedFile returns the policy for the seed file: at most half of the first seed,
// so that clones of one disk still differ by as many live bits.
func SeedFile() prng.Policy {
	return prng.Policy{Name: "seedfile", Untrusted: true, FirstSeedLimit: untrustedLimit}
}

// Exchange returns the policy for an exchange file. It is added with 0 bits:
// other processes write to it.
func Exchange(path string) prng.Policy {
	return prng.Policy{Name: "exchange:" + path, Untrusted: true}
}

// Generation returns the policy for the number of the virtual machine's
// generation. It is added with 0 bits: it is no secret.
func Generation() prng.Policy { return prng.Policy{Name: "generation", Untrusted: true} }

// Client returns the policy for what clients write. Those that may seed without
// another source are a source of their own: the limit of the others stays.
func Client(alone bool) prng.Policy {
	if alone {
		return prng.Policy{Name: "client-alone", Untrusted: true}
	}
	return prng.Policy{Name: "client", Untrusted: true, FirstSeedLimit: untrustedLimit}
}

// Command returns the credit of a command's output: the rate of its line where
// credit-commands is on, else none.
func Command(rate float64, creditCommands bool) gatherers.Credit {
	if !creditCommands {
		return gatherers.None
	}
	return gatherers.Credit(rate)
}

// File returns the credit of a file that is read once: none if a program before
// this one in the same process has counted it.
func File(rate float64, counted bool) gatherers.Credit {
	if counted {
		return gatherers.None
	}
	return gatherers.Credit(rate)
}

// Writer is one write-credit line: a peer whose writes may count. A number below
// 0 matches every uid or gid.
type Writer struct {
	UID, GID int
	Alone    bool // its bits may seed without another source
}

// Writers is the write-credit policy.
type Writers []Writer

// matches reports whether the line names both uid and gid of peer.
func (l Writer) matches(peer peercred.Cred) bool {
	return (l.UID < 0 || l.UID == peer.UID) && (l.GID < 0 || l.GID == peer.GID)
}

// Counts reports whether the writes of peer may count: one line matches it.
func (w Writers) Counts(peer peercred.Cred) bool {
	return slices.ContainsFunc(w, func(l Writer) bool { return l.matches(peer) })
}

// Alone reports whether the writes of peer may seed without another source: a line
// that says so matches it.
func (w Writers) Alone(peer peercred.Cred) bool {
	return slices.ContainsFunc(w, func(l Writer) bool { return l.Alone && l.matches(peer) })
}
