package prng

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	drbg "github.com/canonical/go-sp800.90a-drbg"
)

// stream is a reproducible sequence of bytes: SHA-256 of a counter.
type stream struct {
	n   uint64
	buf []byte
}

func (s *stream) bytes(n int) []byte {
	for len(s.buf) < n {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("stream"), s.n))
		s.n++
		s.buf = append(s.buf, sum[:]...)
	}
	b := s.buf[:n:n]
	s.buf = s.buf[n:]
	return b
}

func (s *stream) below(n int) int { return int(binary.BigEndian.Uint32(s.bytes(4)) % uint32(n)) }

func (d *hashDRBG) load(parts ...[]byte) int {
	return copy(d.buf[inputAt:], bytes.Join(parts, nil))
}

// Two implementations, one in big integers, told the same for a while.
func TestHashDRBGAgainstIndependent(t *testing.T) {
	var s stream
	for range 60 {
		entropy, nonce, personal := s.bytes(32+s.below(1000)), s.bytes(16), s.bytes(s.below(300))
		theirs, err := drbg.NewHashWithExternalEntropy(crypto.SHA256, entropy, nonce, personal, nil)
		if err != nil {
			t.Fatal(err)
		}
		ours := new(hashDRBG)
		ours.instantiate(ours.load(entropy, nonce, personal))
		for step := range 20 {
			if s.below(4) == 0 {
				entropy, additional := s.bytes(32+s.below(1000)), s.bytes(s.below(200))
				if err := theirs.ReseedWithExternalEntropy(entropy, additional); err != nil {
					t.Fatal(err)
				}
				ours.reseed(ours.load(entropy, additional))
			}
			additional := s.bytes(s.below(2) * s.below(300))
			want := make([]byte, 1+s.below(700))
			if err := theirs.Generate(additional, want); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(want))
			ours.generate(got, ours.load(additional))
			if !bytes.Equal(got, want) {
				t.Fatalf("step %d, %d bytes, %d additional: differ", step, len(want), len(additional))
			}
		}
	}
}

// CAVS outputs are all multiples of 32 bytes; 255 is not.
func TestHashDRBGPrefix(t *testing.T) {
	start := new(hashDRBG)
	start.instantiate(start.load(bytes.Repeat([]byte("entropy "), 8)))
	for n := 0; n <= 300; n++ {
		short, long := *start, *start
		a, b := make([]byte, n), make([]byte, (n+31)/32*32)
		short.generate(a, 0)
		long.generate(b, 0)
		if !bytes.Equal(a, b[:n]) {
			t.Fatalf("Generate(%d) is no prefix of Generate(%d)", n, len(b))
		}
		if !bytes.Equal(short.v(), long.v()) || short.c != long.c {
			t.Fatalf("Generate(%d) leaves another state than Generate(%d)", n, len(b))
		}
	}
}

// Carries that random states meet once in 2^64 runs: the low limbs, and V, full of ones.
func TestHashDRBGCarries(t *testing.T) {
	d := new(hashDRBG)
	for i := range d.v() {
		d.v()[i] = 0xff
	}
	got := make([]byte, 64)
	d.hashgen(got)
	ones, zero := sha256.Sum256(bytes.Repeat([]byte{0xff}, seedLen)), sha256.Sum256(make([]byte, seedLen))
	if !bytes.Equal(got, append(ones[:], zero[:]...)) {
		t.Error("Hashgen: data + 1 does not wrap at 2^440")
	}
	d.add([]byte{0, 0, 0, 0, 0, 0, 0, 3})
	if want := append(make([]byte, seedLen-1), 2); !bytes.Equal(d.v(), want) {
		t.Errorf("(2^440 - 1) + 3 = %x", d.v())
	}
}

// What was put in, and the running V, do not outlive the call.
func TestHashDRBGForgetsInput(t *testing.T) {
	d := new(hashDRBG)
	secret := bytes.Repeat([]byte("secret! "), 12)
	for name, call := range map[string]func(){
		"instantiate": func() { d.instantiate(d.load(secret)) },
		"reseed":      func() { d.reseed(d.load(secret)) },
		"generate":    func() { d.generate(make([]byte, 100), d.load(secret)) },
	} {
		call()
		if n := len(bytes.Trim(d.buf[inputAt:], "\x00")); n != 0 {
			t.Errorf("%s leaves %d bytes of its input", name, n)
		}
		if d.data != [1 + 64]byte{} || d.state != [108]byte{} {
			t.Errorf("%s leaves Hashgen's running V", name)
		}
	}
}
