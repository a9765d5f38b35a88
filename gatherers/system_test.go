package gatherers_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"prngd/gatherers"
)

func TestSystem(t *testing.T) {
	want := []string{"kernel", "jitter", "cpu", "mem", "swap", "disk", "net", "load", "host", "process", "processes"}
	var names []string
	for _, g := range gatherers.System() {
		names = append(names, g.Name)
		if credited := g.Name == "kernel" || g.Name == "jitter"; credited != (g.Credit > 0) {
			t.Errorf("%s has credit %v", g.Name, g.Credit)
		}
	}
	for name, want := range map[string]time.Duration{"kernel": 600, "jitter": 600, "processes": 600} {
		i := slices.Index(names, name)
		if g := gatherers.System()[i]; g.Every != want*time.Second || name == "jitter" && g.Relaxed != time.Hour {
			t.Errorf("%s: every %v, relaxed %v", name, g.Every, g.Relaxed)
		}
	}
	for _, g := range gatherers.System() {
		// Statistics are sampled more often while they are all there is.
		if g.Credit == 0 && g.Name != "processes" && runtime.GOOS == "linux" && (g.Every != 20*time.Second || g.Relaxed != time.Minute) {
			t.Errorf("%s: every %v, relaxed %v", g.Name, g.Every, g.Relaxed)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("gatherers %q, want %q", names, want)
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
	for name, f := range map[string]func(){
		"KernelBytes": func() { gatherers.KernelBytes(b) },
		"ReadKernel":  func() { gatherers.ReadKernel(b) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// One line for each: what a sample costs.
func BenchmarkSystem(b *testing.B) {
	for _, g := range gatherers.System() {
		if g.Name == "jitter" { // has benchmarks of its own
			continue
		}
		b.Run(g.Name, func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				data, _ := g.Gather(b.Context())
				size = len(data)
			}
			b.ReportMetric(float64(size), "bytes/sample")
		})
	}
}

func BenchmarkKernelBytes(b *testing.B) {
	p := make([]byte, 32)
	for b.Loop() {
		if !gatherers.KernelBytes(p) {
			b.Skip("no kernel generator")
		}
	}
}

func BenchmarkReadKernel(b *testing.B) {
	p := make([]byte, 32)
	for b.Loop() {
		if gatherers.ReadKernel(p) == gatherers.KernelMissing {
			b.Skip("no kernel generator")
		}
	}
}

// Issue 14: at most 2 ms a block.
func BenchmarkEstimate(b *testing.B) {
	p := make([]byte, 1024)
	gatherers.ReadKernel(p)
	for b.Loop() {
		gatherers.Estimate(p)
	}
}
