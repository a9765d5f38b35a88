// Package prng is the generator: a Fortuna accumulator of 32 pools that seeds
// and stirs a Hash_DRBG (SP 800-90A rev. 1, 10.1.1) behind a gate.
//
// It knows only what Add told it and what Env answers: no files, goroutines or
// logs, so a fixed Env gives exact transcripts. It implements the algorithm of
// the standard and is checked with NIST's CAVS vectors; it is not validated.
package prng

import (
	"sync"
	"sync/atomic"
	"time"
)

// Env is what the generator asks of the world. A nil func means that there is
// nothing there: without Clocks no interval ever passes, so nothing is stirred
// and only RequestReseed and Hold bring a reseed. No func may call the Generator:
// they are called under its lock.
type Env struct {
	// Clocks returns wall and monotonic time in nanoseconds. It is called on
	// every Generate and Add.
	Clocks func() (real, mono int64)
	// Kernel fills b with kernel bytes without waiting, or returns false. It is
	// called on every Generate; after false, not again for 60 s. Its bytes are
	// additional input, never entropy input: they seed nothing, so it does not
	// matter here whether the kernel says that it is seeded.
	Kernel func(b []byte) bool
	// KernelCall is Kernel by a system call, which gives nothing from a state
	// that lies in the memory of this process, as getrandom in the vDSO does. It
	// is called on every stir and reseed, and every 100 ms of output. nil: Kernel.
	KernelCall func(b []byte) bool
	// Event is asked by New, Generate, Add and Watch, with the clocks just read.
	Event func(real, mono int64) Event
	// PersonalizationString is that of the first seed (SP 800-90A, 8.7.1). One
	// over 1024 bytes is replaced by its SHA-256.
	PersonalizationString []byte
}

// GateBits is what the first seed takes, in bits of credit: 256 for the security
// strength and 128 for the nonce (SP 800-90A, 8.6.7), and with all of it Hash_df
// (n_out = 440) has h_in >= n_out + 64 (SP 800-90B, 3.1.5.1.2).
const GateBits = 512

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

// Generator is pools, gate and DRBG. Use New. All methods may be called from any
// goroutine.
type Generator struct {
	env    Env
	state  atomic.Uint32 // State; written under mu
	ticket atomic.Uint64 // of the last event or request; written under mu

	mu      sync.Mutex
	sec     *secrets // nil once closed
	region  *region
	changed chan struct{}
	sources []*Source
	byName  map[string]*Source

	hold       hold
	kernel     kernel
	counts     counts
	lastReseed int64 // mono: when entropyInput last went in, or the first seed
	lastStir   int64 // mono: when P0 was last drained
	requests   int64 // since the last reseed or the first seed

	// bigMu guards sec.chain: samples that enter hashed are hashed under it, so
	// that a hundred thousand bytes of jitter never keep a Generate waiting. It
	// is taken before mu.
	bigMu sync.Mutex
}

// secrets is everything that must not be learnt, in one guarded mapping. It
// holds no pointers: the garbage collector does not look here.
type secrets struct {
	drbg  hashDRBG
	acc   accumulator
	chain chain
}

// New returns an unseeded generator. The error says why memory could not be
// mapped; protection that is merely incomplete is in Stats.
func New(env Env) (*Generator, error) {
	if len(env.PersonalizationString) > maxPersonalizationString {
		h := sum256(env.PersonalizationString)
		env.PersonalizationString = h[:]
	}
	if env.KernelCall == nil {
		env.KernelCall = env.Kernel
	}
	r, err := mapSecrets()
	if err != nil {
		return nil, err
	}
	g := &Generator{
		env: env, sec: r.secrets(), region: r,
		changed: make(chan struct{}),
		byName:  make(map[string]*Source),
	}
	if env.Event != nil { // a watch of clocks knows from now on how they stood
		env.Event(g.clocks())
	}
	return g, nil
}

// Close erases and unmaps the secrets and leaves the generator unseeded for ever. A
// sample added later counts for nothing; Digest then is misuse.
func (g *Generator) Close() error {
	g.bigMu.Lock()
	defer g.bigMu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sec == nil {
		return nil
	}
	g.sec = nil
	g.setState(Unseeded)
	return g.region.free()
}

// clocks asks Env for wall and monotonic time.
func (g *Generator) clocks() (real, mono int64) {
	if g.env.Clocks == nil {
		return 0, 0
	}
	return g.env.Clocks()
}
