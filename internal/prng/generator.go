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
	// called by New and on every Generate; after false there, not again for 60 s. Its bytes are
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
	given   *outputMemory // nil: output is not remembered
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

// New runs the self-test, and returns an unseeded generator. The error says that the
// self-test failed (SP 800-90A, 11.3.6.1), or why memory could not be mapped;
// protection that is merely incomplete is in Stats.
func New(env Env) (*Generator, error) { return tested(env, katReturned) }

// tested is New if the self-test gives that answer.
func tested(env Env, answer string) (*Generator, error) {
	if err := knownAnswer(answer); err != nil {
		return nil, err
	}
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
	if env.Kernel != nil { // Stats says before the first output whether there is one
		probe := g.sec.drbg.input()[:kernelBytes]
		g.kernel.ok = env.Kernel(probe)
		clear(probe)
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

// hold is a reseed that is required or requested: it takes [ReseedBits] of
// independent noise that was sampled later. Generator.mu guards it.
type hold struct {
	event    Event         // the gravest since the last such reseed
	ended    bool          // output goes on without that reseed: see Release
	heldAt   uint64        // ticket of the last event: older samples count for nothing
	sinceAt  uint64        // ticket of the last request: older samples answer none
	answered chan struct{} // closed by that reseed; nil: nobody waits
}

// wanted reports whether a reseed with independent noise is outstanding.
func (h *hold) wanted() bool { return h.event != NoEvent || h.answered != nil }

// kernel is what is known of Env.Kernel. Generator.mu guards it.
type kernel struct {
	ok       bool  // it had bytes when last asked
	next     int64 // mono: when it is asked again if not
	lastCall int64 // mono: when it last gave some by a system call
}

// counts is what has happened since the first program of this process.
// Generator.mu guards it.
type counts struct {
	opened        time.Time // wall clock of the first seed
	firstSeedBits int       // credit at that moment
	reseeds       uint64
	reseededAt    time.Time
	stirs         uint64
	generates     uint64
	bytes         uint64
}

// Policy says how much one source may be credited.
type Policy struct {
	// Name identifies the source, and its samples within a pool.
	Name string
	// Untrusted marks data that others choose or know (clients, upstreams, files):
	// it is mixed but never causes a stir, nor a reseed unless it is credited.
	Untrusted bool
	// FirstSeedLimit is how many bits the source may count before the first seed; 0 is
	// no limit.
	FirstSeedLimit int
	// Independent marks the health-tested noise of a source that a twin of this
	// machine cannot share. Nothing else ends a hold or answers RequestReseed.
	Independent bool
}

// Source is one origin of samples. Use Generator.Source.
type Source struct {
	generator *Generator
	id        uint16

	// Guarded by generator.mu.
	policy   Policy
	next     int // pool of the next uncredited sample
	samples  uint64
	bytes    uint64
	credited uint64 // bits
	counted  int    // bits before the first seed
}

// RememberOutput has the generator remember, from now on, what it gives, so that Gave can
// tell. That costs half a MiB and a hash for each 16 bytes of output.
func (g *Generator) RememberOutput() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.given == nil {
		g.given = new(outputMemory)
	}
}

// Gave reports whether data contains output of this generator that it remembers: 31
// bytes of it are enough, wherever they stand.
func (g *Generator) Gave(data []byte) bool {
	var prints []uint64
	Cleanly(func() { prints = fingerprints(data) })
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.given.hasAny(prints)
}
