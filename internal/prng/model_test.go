package prng_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	drbg "github.com/canonical/go-sp800.90a-drbg"
)

// model is the pool written a second time, plainly, from the design: streaming
// hashes, big slices, and somebody else's Hash_DRBG.
type model struct {
	pool         [32][]byte
	credit       [32]float64 // bits; 1/32 bit is exact in binary
	entropyInput []byte
	held         float64 // credit of the reserve
	own          int
	seq          uint64
	n            uint64
	gen          *drbg.DRBG
	state        string
	demanded     bool
	reseeds      int
	stirs        int
	count        uint64

	lastReseed, lastStir, kernelNext int64
	sources                          []*modelSource
}

type modelSource struct {
	foreign bool
	limit   int
	next    int
	early   int
}

func newModel() *model {
	m := &model{state: "shut", entropyInput: make([]byte, 32)}
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

func (m *model) add(source int, data []byte, bits int, real, mono int64) int {
	s, size := m.sources[source], len(data)
	bits = min(max(bits, 0), 8*size)
	if size > 512 || size < 32 && bits > 0 {
		data, bits = long(data), min(bits, 256)
	}
	if m.state == "shut" {
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
		m.held = min(256, m.held+float64(bits))
		own = (size + 31) / 32
	} else {
		m.mix(&m.pool[s.next], source, mono, data)
		if s.next == 0 {
			own = size
		}
		s.next = (s.next + 1) % 32
	}
	if !s.foreign {
		m.own += own
	}
	if bits > 0 || !s.foreign {
		m.due(real, mono)
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

func (m *model) due(real, mono int64) {
	clocks := hash2(real, mono)
	if m.state == "shut" {
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
		m.gen, m.state = gen, "open"
		m.entropyInput, m.held = make([]byte, 32), 0
		m.lastReseed, m.lastStir = mono, mono
		return
	}
	if m.held >= 256 && (m.state == "held" || m.demanded || mono-m.lastReseed >= 1e9) {
		entropy := hash(byte(2), m.entropyInput)
		m.entropyInput, m.held = make([]byte, 32), 0
		m.feed(entropy, clocks, mono)
		m.lastReseed, m.demanded, m.state = mono, false, "open"
		m.reseeds++
	}
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

func (m *model) feed(entropy, clocks []byte, mono int64) {
	m.n++
	for i := range m.pool {
		if m.n%(uint64(1)<<i) == 0 {
			entropy = append(entropy, m.drain(i)...)
		}
	}
	if err := m.gen.ReseedWithExternalEntropy(entropy, clocks); err != nil {
		panic(err)
	}
	m.lastStir = mono
}

func (m *model) generate(n int, kernel func([]byte) bool, real, mono int64) []byte {
	if m.state != "open" {
		return nil
	}
	if mono-m.lastStir >= 100e6 && m.own >= 64 {
		m.feed(nil, hash2(real, mono), mono)
		m.stirs++
	}
	additional := binary.BigEndian.AppendUint64(hash2(real, mono), m.count)
	if mono >= m.kernelNext {
		b := make([]byte, 32)
		if kernel(b) {
			additional = append(additional, b...)
		} else {
			m.kernelNext = mono + 60e9
		}
	}
	out := make([]byte, n)
	if err := m.gen.Generate(additional, out); err != nil {
		panic(err)
	}
	m.count++
	return out
}

func (m *model) forget() { m.held = 0 }

// figures is what Stats shows of the same.
func (m *model) figures() string {
	return fmt.Sprintln(m.state, int(m.bits()), int(m.held), m.reseeds, m.stirs, m.count, m.demanded)
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
