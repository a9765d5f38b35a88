package gatherers_test

import (
	"bytes"
	"crypto/rand"
	"math"
	"testing"

	"prngd/gatherers"
)

// The second draw, which is only compared, is cleared.
func TestSecondDrawIsCleared(t *testing.T) {
	var draws [][]byte
	gather := gatherers.SampleKernel(func(b []byte) gatherers.KernelState {
		rand.Read(b)
		draws = append(draws, b)
		return gatherers.KernelSeeded
	})
	sample, err := gather(t.Context())
	if err != nil || !bytes.Equal(sample, draws[len(draws)-2]) {
		t.Fatalf("%x, %v", sample, err)
	}
	if last := draws[len(draws)-1]; len(last) != 64 || !bytes.Equal(last, make([]byte, 64)) {
		t.Errorf("left: %x", last)
	}
}

// The estimate of a sample is that of its poorest block.
func TestPoorestBlockCounts(t *testing.T) {
	good := make([]byte, 1024)
	rand.Read(good)
	poor := bytes.Repeat([]byte{1, 2}, 512)
	want, _ := gatherers.Estimate(poor)
	for _, sample := range [][]byte{append(bytes.Clone(poor), good...), append(bytes.Clone(good), poor...)} {
		if h, known := gatherers.Estimate(sample); !known || math.Abs(h-want) > 1e-9 {
			t.Errorf("%v, %v: expected %v", h, known, want)
		}
	}
}
