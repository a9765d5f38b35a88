package gatherers_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"prngd/gatherers"
)

func TestSystemMenu(t *testing.T) {
	want := []string{"kernel", "jitter", "cpu", "mem", "swap", "disk", "net", "load", "host", "process", "processes"}
	var names []string
	for _, g := range gatherers.System() {
		names = append(names, g.Name)
		if credited := g.Name == "kernel" || g.Name == "jitter"; credited != (g.Credit > 0) {
			t.Errorf("%s has credit %v", g.Name, g.Credit)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("menu %q, want %q", names, want)
	}
}

// Every family gives a sample here or says that there is no such thing.
func TestFamiliesGiveSamples(t *testing.T) {
	for _, g := range gatherers.System() {
		if g.Name != "jitter" { // has tests of its own
			smoke(t, g.Name, g.Gather)
		}
	}
	for name, gather := range gatherers.Portable() {
		smoke(t, "portable "+name, gather)
	}
}

func smoke(t *testing.T, name string, gather func(context.Context) ([]byte, error)) {
	for range 2 { // the second goes through kept descriptors
		data, err := gather(t.Context())
		var uncredited gatherers.Uncredited
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			t.Logf("%s: %v", name, err)
		case err != nil && !errors.As(err, &uncredited):
			t.Errorf("%s: %v", name, err)
		case len(data) == 0:
			t.Errorf("%s: empty sample", name)
		}
	}
}

func TestKernelBytes(t *testing.T) {
	a, b := make([]byte, 300), make([]byte, 300)
	if !gatherers.KernelBytes(a) || !gatherers.KernelBytes(b) {
		t.Skip("no kernel generator")
	}
	if slices.Equal(a, b) || slices.Equal(a[250:], make([]byte, 50)) {
		t.Error("not filled with fresh bytes")
	}
}

func TestKernelBytesAllocatesNothing(t *testing.T) {
	b := make([]byte, 32)
	if n := testing.AllocsPerRun(100, func() { gatherers.KernelBytes(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// One line per family: what a sample costs, as System takes it and through the
// portable code.
func BenchmarkFamilies(b *testing.B) {
	for _, g := range gatherers.System() {
		if g.Name != "jitter" {
			bench(b, g.Name, g.Gather)
		}
	}
	for name, gather := range gatherers.Portable() {
		bench(b, "portable-"+name, gather)
	}
}

func bench(b *testing.B, name string, gather func(context.Context) ([]byte, error)) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		size := 0
		for b.Loop() {
			data, _ := gather(b.Context())
			size = len(data)
		}
		b.ReportMetric(float64(size), "bytes/sample")
	})
}

func BenchmarkKernelBytes(b *testing.B) {
	p := make([]byte, 32)
	for b.Loop() {
		if !gatherers.KernelBytes(p) {
			b.Skip("no kernel generator")
		}
	}
}
