package gatherers

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// estimateBlock is how many symbols are estimated together, and how many a
// start-up test examines: at least 1024, SP 800-90B 4.3, requirement 4.
const estimateBlock = 1024

// maxEstimateLag is the longest period that the lag estimate finds.
const maxEstimateLag = 256

// z is the 99 % quantile of all estimators of SP 800-90B 6.3.
const z = 2.576

// Estimate returns the min-entropy a byte of a sample, in bits: the least that
// three estimators find in any of its blocks of 1,024 bytes. What is left over
// at the end is not looked at. known is false for less than one block.
//
// The estimators see single values that prevail, bits that prevail and periods
// up to 256. They see nothing else: the output of any generator passes. They
// err low, by about 2 bits of 8, because a block is short.
func Estimate(sample []byte) (h float64, known bool) {
	h = 8
	for ; len(sample) >= estimateBlock; sample = sample[estimateBlock:] {
		block := (*[estimateBlock]byte)(sample)
		h = min(h, mostCommonValue(block), collision(block), lag(block))
		known = true
	}
	return h, known
}

// upperBound is the upper end of the 99 % confidence interval of a probability
// that was seen to be p in n trials: SP 800-90B 6.3.1, step 2.
func upperBound(p float64, n int) float64 {
	return min(1, p+z*math.Sqrt(p*(1-p)/float64(n-1)))
}

// mostCommonValue is the estimate of SP 800-90B 6.3.1.
func mostCommonValue(block *[estimateBlock]byte) float64 {
	var counts [256]int
	most := 0
	for _, x := range block {
		counts[x]++
		most = max(most, counts[x])
	}
	return 0 - math.Log2(upperBound(float64(most)/estimateBlock, estimateBlock))
}

// collision is the estimate of SP 800-90B 6.3.2, on the bits of the block: of
// two successive bits that are equal, or else of three, as many as it takes
// until one value has come twice. If a bit is 1 with probability p, that takes
// 2 + 2p(1-p) bits on average.
func collision(block *[estimateBlock]byte) float64 {
	bit := func(i int) byte { return block[i/8] >> (i % 8) & 1 }
	v, sum, squares := 0, 0.0, 0.0
	for i := 0; i+2 < 8*estimateBlock; v++ {
		t := 2
		if bit(i) != bit(i+1) {
			t = 3
		}
		i += t
		sum, squares = sum+float64(t), squares+float64(t*t)
	}
	n := float64(v)
	mean := sum / n
	deviation := math.Sqrt(max(0, squares-n*mean*mean) / (n - 1))
	least := mean - z*deviation/math.Sqrt(n)
	p := 0.5 + math.Sqrt(max(0, 0.25-max(0, least-2)/2))
	return 0 - 8*math.Log2(p)
}

// lag is the estimate of SP 800-90B 6.3.8 without its local part, and with the
// best lag of all taken in hindsight instead of the best one so far.
func lag(block *[estimateBlock]byte) float64 {
	most := 0.0
	for d := 1; d <= maxEstimateLag; d++ {
		n := estimateBlock - d
		most = max(most, upperBound(float64(equalBytes(block[d:], block[:n]))/float64(n), n))
	}
	return 0 - math.Log2(most)
}

// equalBytes counts the places at which a and b, of one length, are equal. It
// takes eight at a time: a byte of t is 0x80 where that byte of x is 0, else 0.
func equalBytes(a, b []byte) (equal int) {
	const low = 0x7f7f7f7f7f7f7f7f
	for ; len(a) >= 8; a, b = a[8:], b[8:] {
		x := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b)
		t := ^(x&low + low | x | low)
		equal += bits.OnesCount64(t)
	}
	for i, x := range a {
		if x == b[i] {
			equal++
		}
	}
	return equal
}
