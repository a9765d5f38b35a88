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

// Recall mixes the old seed into g, replaces it on disk, and only then counts it,
// once: a seed that a crash or a clone could bring back counts for nothing.
//
// real and mono are the clocks in nanoseconds. The errors say why the file could
// not be read or replaced, the warning what else an admin should look at; the
// old seed is mixed all the same.
func Recall(g *prng.Generator, f Seed, real, mono int64) (warning string, readErr, replaceErr error) {
	prng.Cleanly(func() { warning, readErr, replaceErr = recall(g, f, real, mono) })
	return warning, readErr, replaceErr
}

func recall(g *prng.Generator, f Seed, real, mono int64) (warning string, readErr, replaceErr error) {
	old, readErr := f.Load()
	defer clear(old.Data)
	source := g.Source(SeedFile())
	source.Add(old.Data, 0)
	var digest [32]byte
	g.Digest(&digest, old.Data)
	replaceErr = f.Replace(seedfile.Successor(old.Data, digest, real, mono))
	clear(digest[:])
	if replaceErr == nil && old.Bits > 0 {
		source.Add(old.Data, old.Bits)
	}
	if old.Foreign {
		replaceErr = nil // not ours, and left alone on purpose
	}
	return old.Warning, readErr, replaceErr
}
