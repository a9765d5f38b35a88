package prng_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	drbg "github.com/canonical/go-sp800.90a-drbg"

	"prngd/internal/prng"
)

// model is the pool written a second time, plainly, from the design: streaming
// hashes, big slices, and somebody else's Hash_DRBG.
type model struct {
	pool         [32][]byte
	credit       [32]float64 // bits; 1/32 bit is exact in binary
	entropyInput []byte
	collected    float64 // its credit
	independent  []byte
	noise        float64 // its credit
	own          int
	seq          uint64
	n            uint64
	gen          *drbg.DRBG
	state        string
	event        prng.Event
	ended        bool
	requested    bool
	ticket       uint64
	heldAt       uint64
	sinceAt      uint64
	reseeds      int
	stirs        int
	count        uint64

	lastReseed, lastStir, kernelNext int64
	sources                          []*modelSource
}

type modelSource struct {
	untrusted   bool
	independent bool
	limit       int
	next        int
	early       int
}

func newModel() *model {
	m := &model{state: "unseeded", entropyInput: make([]byte, 32), independent: make([]byte, 32)}
	for i := range m.pool {
		m.pool[i] = make([]byte, 32)
	}
	return m
}

func hash(parts ...any) []byte {
	h := sha256.New()
	for _, p := range parts {
		switch p := p.(type) {
		case byte:
			h.Write([]byte{p})
		case []byte:
			h.Write(p)
		default:
			binary.Write(h, binary.BigEndian, p)
		}
	}
	return h.Sum(nil)
}

func (m *model) mix(p *[]byte, source int, mono int64, data []byte) {
	*p = hash(byte(1), *p, uint16(source), m.seq, mono, uint32(len(data)), data)
	m.seq++
}

func long(data []byte) []byte {
	h := append(make([]byte, 24), binary.BigEndian.AppendUint64(nil, uint64(len(data)))...)
	for len(data) > 0 {
		n := min(len(data), 4054)
		h = hash(byte(3), h, data[:n])
		data = data[n:]
	}
	return h
}

func (m *model) add(source int, data []byte, bits int, ticket uint64, real, mono int64, kernel func([]byte) bool) int {
	s, size := m.sources[source], len(data)
	bits = min(max(bits, 0), 8*size)
	switch {
	case size > 512:
		data, bits = append(long(data[:size/2]), long(data[size/2:])...), min(bits, 384)
	case size < 32 && bits > 0:
		data, bits = long(data), min(bits, 192)
	}
	if ticket < m.heldAt {
		bits = 0
	} else if m.state == "unseeded" {
		if s.limit > 0 {
			bits = min(bits, s.limit-s.early)
		}
		s.early += bits
	}
	own := 0
	if bits > 0 {
		for i := range m.pool {
			from, to := len(data)*i/32, len(data)*(i+1)/32
			m.mix(&m.pool[i], source, mono, data[from:to])
			m.credit[i] = min(256, m.credit[i]+float64(bits)/32)
		}
		m.mix(&m.entropyInput, source, mono, data)
		m.collected = min(320, m.collected+float64(bits))
		if s.independent && m.wanted() && ticket >= m.sinceAt {
			m.mix(&m.independent, source, mono, data)
			m.noise = min(320, m.noise+float64(bits))
		}
		own = (size + 31) / 32
	} else {
		m.mix(&m.pool[s.next], source, mono, data)
		if s.next == 0 {
			own = size
		}
		s.next = (s.next + 1) % 32
	}
	if !s.untrusted {
		m.own += own
	}
	if bits > 0 || !s.untrusted {
		m.due(real, mono, kernel)
	}
	return bits
}

func (m *model) bits() float64 {
	sum := 0.0
	for _, c := range m.credit {
		sum += c
	}
	return sum
}

func (m *model) wanted() bool { return m.requested || m.event != prng.NoEvent }

func (m *model) due(real, mono int64, kernel func([]byte) bool) {
	clocks := hash2(real, mono)
	if m.state == "unseeded" {
		if m.bits() < 512 {
			return
		}
		var entropy []byte
		for i := range m.pool {
			entropy = append(entropy, m.drain(i)...)
		}
		gen, err := drbg.NewHashWithExternalEntropy(crypto.SHA256, entropy, clocks, []byte(personal), nil)
		if err != nil {
			panic(err)
		}
		m.gen, m.state = gen, "seeded"
		if m.event != prng.NoEvent {
			m.state = "reseed required"
		}
		m.entropyInput, m.collected = make([]byte, 32), 0
		m.lastReseed, m.lastStir = mono, mono
	}
	if m.wanted() && m.noise >= 320 {
		m.reseed(real, mono, kernel)
		m.event, m.ended, m.requested, m.state = prng.NoEvent, false, false, "seeded"
	} else if m.state == "seeded" && m.collected >= 320 && mono-m.lastReseed >= 1e9 {
		m.reseed(real, mono, kernel)
	}
}

func (m *model) reseed(real, mono int64, kernel func([]byte) bool) {
	entropy := hash(byte(2), m.entropyInput)
	m.entropyInput, m.collected = make([]byte, 32), 0
	if m.wanted() && m.noise >= 320 {
		entropy = append(entropy, hash(byte(2), m.independent)...)
		m.independent, m.noise = make([]byte, 32), 0
	}
	m.feed(entropy, real, mono, kernel)
	m.lastReseed = mono
	m.reseeds++
}

func (m *model) hold(e prng.Event) {
	m.event, m.ended = max(m.event, e), false
	m.ticket++
	m.heldAt, m.sinceAt = m.ticket, m.ticket
	m.credit, m.collected, m.noise = [32]float64{}, 0, 0
	if m.state == "unseeded" {
		for _, s := range m.sources {
			s.early = 0
		}
		return
	}
	m.state = "reseed required"
}

func (m *model) release(real, mono int64, kernel func([]byte) bool) {
	if m.state != "reseed required" || m.collected < 320 && m.event > prng.Jumped {
		return
	}
	if m.collected >= 320 {
		m.reseed(real, mono, kernel)
	}
	m.ended, m.state = true, "seeded"
}

func (m *model) request() {
	if m.state == "unseeded" {
		return
	}
	m.ticket++
	m.sinceAt, m.noise, m.requested = m.ticket, 0, true
}

func hash2(real, mono int64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(real)), uint64(mono))
}

func (m *model) drain(i int) []byte {
	d := hash(byte(2), m.pool[i])
	m.pool[i], m.credit[i] = make([]byte, 32), 0
	if i == 0 {
		m.own = 0
	}
	return d
}

func (m *model) feed(entropy []byte, real, mono int64, kernel func([]byte) bool) {
	m.n++
	for i := range m.pool {
		if m.n%(uint64(1)<<i) == 0 {
			entropy = append(entropy, m.drain(i)...)
		}
	}
	additional := append(hash2(real, mono), m.ask(kernel, mono)...)
	if err := m.gen.ReseedWithExternalEntropy(entropy, additional); err != nil {
		panic(err)
	}
	m.lastStir = mono
}

// ask returns 32 kernel bytes, or none.
func (m *model) ask(kernel func([]byte) bool, mono int64) []byte {
	if mono < m.kernelNext {
		return nil
	}
	b := make([]byte, 32)
	if !kernel(b) {
		m.kernelNext = mono + 60e9
		return nil
	}
	return b
}

func (m *model) generate(n int, kernel func([]byte) bool, real, mono int64) []byte {
	if m.state != "seeded" {
		return nil
	}
	if mono-m.lastStir >= 100e6 && m.own >= 64 {
		m.feed(nil, real, mono, kernel)
		m.stirs++
	}
	additional := binary.BigEndian.AppendUint64(hash2(real, mono), m.count)
	additional = append(additional, m.ask(kernel, mono)...)
	out := make([]byte, n)
	if err := m.gen.Generate(additional, out); err != nil {
		panic(err)
	}
	m.count++
	return out
}

// figures is what Stats shows of the same.
func (m *model) figures() string {
	unsettled := prng.NoEvent
	if m.ended {
		unsettled = m.event
	}
	return fmt.Sprintln(m.state, int(m.bits()), int(m.collected), int(m.noise), m.reseeds, m.stirs, m.count, m.requested, unsettled)
}

const personal = "prngd/1 test"

// world is an Env that only moves when told to.
type world struct {
	real, mono int64
	kernel     bool
	asked      int
}

func (w *world) clocks() (int64, int64) { return w.real, w.mono }

func (w *world) fill(b []byte) bool {
	w.asked++
	if !w.kernel {
		b[0] = 0xee // half an answer must not count
		return false
	}
	for i := range b {
		b[i] = byte(w.asked)
	}
	return true
}

func (w *world) advance(ns int64) { w.real, w.mono = w.real+ns, w.mono+ns }
