package prng

import "time"

// FirstSeedBits is what the first seed takes, in bits of credit: 256 for the security
// strength and 128 for the nonce (SP 800-90A, 8.6.7), and with all of it Hash_df
// (n_out = 440) has h_in >= n_out + 64 (SP 800-90B, 3.1.5.1.2).
const FirstSeedBits = 512

const (
	strength = 256 // bits, of the DRBG

	// digestMargin is how many bits more than it puts out must have gone into a
	// conditioning function for its output to have full entropy (SP 800-90B,
	// 3.1.5.1.2: h_in >= n_out + 64).
	digestMargin = 64

	// ReseedBits is what a reseed takes, in bits of credit: entropyInput is one
	// SHA-256 value, which only then holds the 256 bits of the strength.
	ReseedBits = strength + digestMargin

	minReseedInterval = int64(time.Second)            // between reseeds by a full entropyInput
	stirEvery         = int64(100 * time.Millisecond) // Fortuna's limit: 10 per second keep P31 for 13 years
	minPoolSize       = 64                            // Fortuna's MINPOOLSIZE

	maxPersonalizationString = 1024 // bytes
)
