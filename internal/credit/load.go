package credit

import (
	"prngd/internal/prng"
	"prngd/seedfile"
)

// Seed is the seed file of the last run.
type Seed interface {
	Load() (seedfile.Loaded, error)
	Replace(successor [64]byte) error
}

// LoadSeed mixes the old seed into g, replaces it on disk, and only then counts it,
// once: a seed that a crash or a clone could bring back counts for nothing, nor does
// one that was read before an event and may be in a twin's memory as well.
//
// now is the wall clock in nanoseconds since 1970. The errors say why the file could
// not be read or replaced, the warning what else an admin should look at; the
// old seed is mixed all the same.
func LoadSeed(g *prng.Generator, f Seed, now int64) (warning string, readErr, replaceErr error) {
	prng.Cleanly(func() { warning, readErr, replaceErr = loadSeed(g, f, now) })
	return warning, readErr, replaceErr
}

func loadSeed(g *prng.Generator, f Seed, now int64) (warning string, readErr, replaceErr error) {
	begun := g.Ticket()
	old, readErr := f.Load()
	defer clear(old.Data)
	source := g.Source(SeedFile())
	source.Add(old.Data, 0)
	var digest [32]byte
	g.Digest(&digest, old.Data)
	replaceErr = f.Replace(seedfile.Successor(old.Data, digest, now))
	clear(digest[:])
	if replaceErr == nil && old.Bits > 0 {
		source.AddSampled(old.Data, old.Bits, begun)
	}
	if old.Foreign {
		replaceErr = nil // not ours, and left alone on purpose
	}
	return old.Warning, readErr, replaceErr
}

// What the generator of one program leaves to that of the next, in bytes: output,
// then a digest of the pools.
const (
	HandoverOutput = 64
	HandoverSize   = HandoverOutput + 32
)

// Handover returns the policy for what the generator of the program before leaves
// in an upgrade.
func Handover() prng.Policy { return prng.Policy{Name: "handover", Untrusted: true} }

// Adopt mixes and clears such a secret. Its output counts, all of it, if that
// generator was seeded; the digest counts for nothing: what the pools held was
// estimated and not spent, and would be counted twice.
func Adopt(g *prng.Generator, secret []byte, seeded bool) {
	output := secret[:min(HandoverOutput, len(secret))]
	bits := 0
	if seeded {
		bits = 8 * len(output)
	}
	source := g.Source(Handover())
	prng.Cleanly(func() {
		source.Add(secret[len(output):], 0) // looks for an event first, which then holds what the next line seeds
		source.Add(output, bits)
	})
	clear(secret)
}
