package prng

// CloneEvent says how sure the world is that this state is ours alone.
type CloneEvent uint8

// The doubts, by what they lead to.
const (
	// NoEvent: nothing happened.
	NoEvent CloneEvent = iota
	// Jumped: the clocks moved as they do when a machine is resumed from a
	// snapshot. Reseeded at once with kernel bytes; without them, ReseedRequired.
	Jumped
	// Cloned: this machine is another one now. ReseedRequired until a reseed, whatever
	// the kernel gives: its generator is a clone's as well until it has heard.
	Cloned
)

// settle acts on a doubt before anything is generated. It returns false if
// nothing may leave. mu is held.
func (p *Generator) settle(d CloneEvent, real, mono int64) bool {
	switch {
	case d == NoEvent:
		return true
	case d == Jumped && p.kernelReseed(real, mono):
		return true
	}
	p.sec.acc.forget(entropyInput)
	p.setState(ReseedRequired)
	return false
}

// kernelReseed is a Reseed with 64 kernel bytes, if there are any right now.
func (p *Generator) kernelReseed(real, mono int64) bool {
	fresh := p.sec.drbg.input()[:64]
	defer clear(fresh)
	if p.env.Kernel == nil || !p.env.Kernel(fresh) {
		return false
	}
	p.sec.acc.mix(entropyInput, kernelID, mono, fresh)
	p.reseed(real, mono)
	return true
}

// kernelID tells these bytes from those of sources, which are numbered from 0.
const kernelID = 0xffff
