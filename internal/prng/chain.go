package prng

import "encoding/binary"

// chain hashes samples of any length through one small secret buffer.
type chain struct {
	in  [1 + 32 + chunk]byte
	out [2 * 32]byte
}

// digestBits is how much of a sample's credit one SHA-256 value keeps whole: it
// is n_out - 64, so that h_in <= n_out - 64 leaves nothing of h_in behind
// (SP 800-90B, 3.1.5.1.2). Of 256 bits that went in, 255 would come out.
const digestBits = 256 - digestMargin

// condense returns digests of data: of both halves of a long sample, which share
// its credit, and of a short one as a whole. The result is in the chain: clear it
// after use.
func (c *chain) condense(data []byte) []byte {
	half := 0
	if len(data) > maxRaw {
		half = len(data) / 2
		copy(c.out[:], c.digest(data[:half]))
	}
	n := copy(c.out[min(half, 32):], c.digest(data[half:]))
	clear(c.in[1:33])
	return c.out[:min(half, 32)+n]
}

// 3 blocks short of 4 KiB, so that prefix, chunk and padding fill whole blocks:
// 33 + 4054 + 9 = 64 * 64.
const chunk = 4054

// digest returns h_k of
//
//	h_0 = length of data as a 256-bit big-endian integer
//	h_i = SHA-256(0x03 | h_(i-1) | chunk_i)
//
// with chunks of 4054 bytes, the last one shorter. The length in front keeps the
// encoding prefix-free. The result is in c.in.
func (c *chain) digest(data []byte) []byte {
	h := c.in[1:33]
	clear(h)
	binary.BigEndian.PutUint64(h[24:], uint64(len(data)))
	for len(data) > 0 {
		c.in[0] = domainLong
		n := copy(c.in[33:], data)
		sum := sum256(c.in[:33+n])
		copy(h, sum[:])
		clear(c.in[33 : 33+n])
		data = data[n:]
	}
	return h
}
