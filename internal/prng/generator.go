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
// and only RequestReseed and Hold bring a reseed.
type Env struct {
	// Clocks returns wall and monotonic time in nanoseconds. It is called on
	// every Generate and Add, under the lock, and must not call the Generator.
	Clocks func() (real, mono int64)
	// Kernel fills b with kernel bytes without waiting, or returns false. It is
	// called on every Generate; after false, not again for 60 s.
	Kernel func(b []byte) bool
	// CloneEvent is asked on every Generate, under the lock, with the clocks just
	// read; it must not call the Generator either.
	CloneEvent func(real, mono int64) CloneEvent
	// PersonalizationString is the personalization string of the first seed (90A, 8.7.1).
	// One over 1024 bytes is replaced by its SHA-256.
	PersonalizationString []byte
}

// GateBits is what opens the gate: 256 bits for the strength, 128 for the nonce
// (SP 800-90A, 8.6.7), the rest is margin.
const GateBits = 512

const (
	reseedBits        = 256                           // security strength of the DRBG
	minReseedInterval = int64(time.Second)            // between reseeds by a full reserve
	stirEvery         = int64(100 * time.Millisecond) // Fortuna's limit: 10 per second keep P31 for 13 years
	minPoolSize       = 64                            // Fortuna's MINPOOLSIZE
	kernelEvery       = int64(time.Minute)            // between probes for an absent kernel RNG

	maxPersonalizationString = 1024 // bytes
)

// Generator is the accumulator, the gate and the DRBG. Use New. All methods may be
// called from any goroutine.
type Generator struct {
	env   Env
	state atomic.Uint32 // State; written under mu

	mu      sync.Mutex
	sec     *secrets // nil once closed
	region  *region
	changed chan struct{}
	sources []*Source
	byName  map[string]*Source

	requested  chan struct{} // closed by the next reseed; nil: none was asked for
	lastReseed int64         // mono: when the reserve last went in, or the first seed
	lastStir   int64         // mono: when P0 was last drained
	kernelNext int64         // mono: when an absent kernel is asked again

	opened     time.Time
	reseededAt time.Time
	gateAtOpen int
	kernelOK   bool
	reseeds    uint64
	stirs      uint64
	generates  uint64
	bytes      uint64

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

// New returns a shut pool. The error says why memory could not be mapped;
// protection that is merely incomplete is in Stats.
func New(env Env) (*Generator, error) {
	if len(env.PersonalizationString) > maxPersonalizationString {
		h := sum256(env.PersonalizationString)
		env.PersonalizationString = h[:]
	}
	r, err := mapSecrets()
	if err != nil {
		return nil, err
	}
	return &Generator{
		env:     env,
		sec:     r.secrets(),
		region:  r,
		changed: make(chan struct{}),
		byName:  make(map[string]*Source),
	}, nil
}

// Close erases and unmaps the secrets and leaves the pool shut for ever. A
// sample added later counts for nothing; Digest then is misuse.
func (p *Generator) Close() error {
	p.bigMu.Lock()
	defer p.bigMu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sec == nil {
		return nil
	}
	p.sec = nil
	p.setState(Unseeded)
	return p.region.free()
}

// clocks asks Env for wall and monotonic time.
func (p *Generator) clocks() (real, mono int64) {
	if p.env.Clocks == nil {
		return 0, 0
	}
	return p.env.Clocks()
}
