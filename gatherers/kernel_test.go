package gatherers_test

import (
	"errors"
	"math/rand"
	"testing"

	"prngd/gatherers"
)

// G5, G6: what a kernel's bytes count for, by what it says and what it gives.
func TestKernelSample(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	good := func(b []byte) gatherers.KernelState { r.Read(b); return gatherers.KernelSeeded }
	n := byte(0)
	as := func(state gatherers.KernelState, fill func(b []byte)) func([]byte) gatherers.KernelState {
		return func(b []byte) gatherers.KernelState { fill(b); return state }
	}
	var retired, uncredited, absent = "retired", "uncredited", "absent"
	for name, row := range map[string]struct {
		read func([]byte) gatherers.KernelState
		want string
	}{
		"good":     {good, "credited"},
		"missing":  {as(gatherers.KernelMissing, func(b []byte) {}), absent},
		"unproven": {as(gatherers.KernelUnproven, func(b []byte) { r.Read(b) }), uncredited},
		"zeros":    {as(gatherers.KernelSeeded, func(b []byte) { clear(b) }), retired},
		"counter": {as(gatherers.KernelSeeded, func(b []byte) {
			for i := range b {
				b[i] = n
				n++
			}
		}), retired},
		"the same each time": {as(gatherers.KernelSeeded, func(b []byte) { rand.New(rand.NewSource(2)).Read(b) }), retired},
		"proof comes too late": {func() func([]byte) gatherers.KernelState {
			calls := 0
			return func(b []byte) gatherers.KernelState {
				r.Read(b)
				if calls++; calls == 2 { // the start-up test, then the sample
					return gatherers.KernelUnproven
				}
				return gatherers.KernelSeeded
			}
		}(), uncredited},
	} {
		data, err := gatherers.SampleKernel(row.read)(t.Context())
		var failure *gatherers.HealthError
		var why gatherers.Uncredited
		got := "credited"
		switch {
		case errors.As(err, &failure) && failure.Permanent:
			got = retired
		case errors.As(err, &why):
			got = uncredited
		case errors.Is(err, errors.ErrUnsupported):
			got = absent
		case err != nil || len(data) != 64:
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
		if got != row.want || (got == retired || got == absent) && len(data) > 0 {
			t.Errorf("%s: %s, %v, %d bytes; want %s", name, got, err, len(data), row.want)
		}
	}
}

// G6: a kernel that gets stuck later is retired as well: whether it gives the same
// each time, or bytes of which only a few differ.
func TestKernelThatGetsStuck(t *testing.T) {
	for name, fill := range map[string]func(r *rand.Rand, b []byte){
		"the same":   func(_ *rand.Rand, b []byte) { rand.New(rand.NewSource(2)).Read(b) },
		"all but 32": func(r *rand.Rand, b []byte) { clear(b); r.Read(b[:32]) },
	} {
		r, stuck := rand.New(rand.NewSource(1)), false
		gather := gatherers.SampleKernel(func(b []byte) gatherers.KernelState {
			if r.Read(b); stuck {
				fill(r, b)
			}
			return gatherers.KernelSeeded
		})
		for range 100 {
			if _, err := gather(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		stuck = true
		var failure *gatherers.HealthError
		if data, err := gather(t.Context()); !errors.As(err, &failure) || !failure.Permanent || len(data) > 0 {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
}
