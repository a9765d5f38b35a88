package credit

import "prngd/internal/prng"

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
		source.Add(secret[len(output):], 0)
		source.Add(output, bits)
	})
	clear(secret)
}
