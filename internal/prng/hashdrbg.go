package prng

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"math/bits"
)

// Hash_DRBG with SHA-256: SP 800-90A rev. 1, 10.1.1 and table 2.
const (
	seedLen        = 440 / 8
	reseedInterval = 1 << 48 // requests between reseeds, table 2

	dfHeader = 1 + 4 // Hash_df's counter and no_of_bits_to_return
	vAt      = dfHeader + 1
	inputAt  = vAt + seedLen
	maxInput = 4096 - inputAt
)

// hashDRBG is the working state, and the buffer in which every hash input is
// laid out in place: V is never copied to be hashed.
//
//	buf: counter | no_of_bits | prefix | V (55) | input ...
//
// It has no clock, file or lock, and lives in secret pages. The caller writes
// entropy or additional input to input and passes its length.
type hashDRBG struct {
	buf           [inputAt + maxInput]byte
	c             [1 + seedLen]byte // a zero in front makes seven whole limbs of it
	data          [1 + 64]byte      // Hashgen's running V as a padded block, one byte in front likewise
	state         [108]byte         // what the hash says of itself after such a block
	reseedCounter uint64            // reseed_counter; Generator counts for the interval
}

// input is where the caller puts what the next call takes: an empty slice with
// room for maxInput bytes.
func (d *hashDRBG) input() []byte { return d.buf[inputAt:inputAt] }

// v is V. What is written to it is the new V.
func (d *hashDRBG) v() []byte { return d.buf[vAt:inputAt] }

// instantiate is 10.1.1.2 over the n bytes of input.
func (d *hashDRBG) instantiate(n int) {
	// Step 1: seed_material = entropy_input || nonce || personalization_string.
	// Step 2: seed = Hash_df (seed_material, seedlen).
	// Step 3: V = seed.
	d.hashDF(d.v(), inputAt, n)
	d.setC()
	clear(d.buf[inputAt : inputAt+n])
}

// reseed is 10.1.1.3 over the n bytes of input.
func (d *hashDRBG) reseed(n int) {
	// Step 1: seed_material = 0x01 || V || entropy_input || additional_input.
	d.buf[vAt-1] = 0x01
	// Step 2: seed = Hash_df (seed_material, seedlen).
	// Step 3: V = seed.
	d.hashDF(d.v(), vAt-1, 1+seedLen+n)
	d.setC()
	clear(d.buf[inputAt : inputAt+n])
}

// setC is the end of both.
func (d *hashDRBG) setC() {
	// Step 4: C = Hash_df ((0x00 || V), seedlen).
	d.buf[vAt-1] = 0x00
	d.hashDF(d.c[1:], vAt-1, 1+seedLen)
	// Step 5: reseed_counter = 1.
	d.reseedCounter = 1
}

// hashDF is Hash_df, 10.3.1, of buf[from:from+n] to seedlen bits. It writes its
// header in front of the input, over V where there is no V in it.
func (d *hashDRBG) hashDF(out []byte, from, n int) {
	// Step 4.1: temp = temp || Hash (counter || no_of_bits_to_return || input_string).
	in := d.buf[from-dfHeader : from+n]
	binary.BigEndian.PutUint32(in[1:], 8*seedLen)
	in[0] = 1
	w1 := sum256(in)
	in[0] = 2
	w2 := sum256(in)
	// Step 5: requested_bits = leftmost (temp, no_of_bits_to_return).
	copy(out, w1[:])
	copy(out[32:seedLen], w2[:])
}

// generate is 10.1.1.4 with n bytes of additional input.
func (d *hashDRBG) generate(dst []byte, n int) {
	// Step 2: if (additional_input != Null), w = Hash (0x02 || V || additional_input),
	// V = (V + w) mod 2^seedlen.
	if n > 0 {
		d.buf[vAt-1] = 0x02
		w := sum256(d.buf[vAt-1 : inputAt+n])
		d.add(w[:])
		clear(d.buf[inputAt : inputAt+n])
	}
	// Step 3: returned_bits = Hashgen (requested_number_of_bits, V).
	d.hashgen(dst)
	// Step 4: H = Hash (0x03 || V).
	d.buf[vAt-1] = 0x03
	h := sum256(d.buf[vAt-1 : inputAt])
	// Step 5: V = (V + H + C + reseed_counter) mod 2^seedlen.
	d.add(h[:])
	d.add(d.c[:])
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], d.reseedCounter)
	d.add(counter[:])
	// Step 6: reseed_counter = reseed_counter + 1.
	d.reseedCounter++
}

// hashgen is Hashgen of 10.1.1.4.
//
// Every hash in it is over 55 bytes, which with SHA-256's padding (FIPS 180-4,
// 5.1.1) are one block. So the padding is written once, and what is called w
// there is the chaining value after that block, as the standard library's
// AppendBinary gives it: 4 bytes of magic, then the value. That takes 55 ns for
// 32 bytes where Sum256 takes 79. The self-test at start would notice another
// form of the state.
func (d *hashDRBG) hashgen(dst []byte) {
	// Step 2: data = V.
	copy(d.data[:], d.buf[vAt-1:inputAt])
	d.data[1+seedLen] = 0x80
	binary.BigEndian.PutUint64(d.data[1+64-8:], 8*seedLen)
	h := sha256.New() // stays on the stack, where wipeStack finds it
	state := h.(encoding.BinaryAppender)
	for len(dst) > 0 {
		// Step 4.1, 4.2 and 5: w = Hash (data), W = W || w, leftmost bits of W.
		h.Reset()
		h.Write(d.data[1:])
		w, _ := state.AppendBinary(d.state[:0])
		dst = dst[copy(dst, w[4:4+sha256.Size]):]
		// Step 4.3: data = (data + 1) mod 2^seedlen.
		for i := 1 + seedLen - 8; i >= 0; i -= 8 {
			limb := binary.BigEndian.Uint64(d.data[i:]) + 1
			binary.BigEndian.PutUint64(d.data[i:], limb)
			if limb != 0 {
				break
			}
		}
	}
	clear(d.data[:])
	clear(d.state[:])
}

// add is V = (V + x) mod 2^seedlen for x of whole 64-bit limbs, big endian. The
// prefix byte before V completes the top limb and takes the overflow, which is
// the modulus; the code that hashes V sets it first.
func (d *hashDRBG) add(x []byte) {
	v := d.buf[vAt-1 : inputAt]
	var carry uint64
	for i := len(v) - 8; i >= 0; i -= 8 {
		var limb uint64
		if j := i - len(v) + len(x); j >= 0 {
			limb = binary.BigEndian.Uint64(x[j:])
		}
		limb, carry = bits.Add64(binary.BigEndian.Uint64(v[i:]), limb, carry)
		binary.BigEndian.PutUint64(v[i:], limb)
	}
}
