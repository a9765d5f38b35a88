package prng_test

import (
	"bytes"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"

	"prngd/internal/prng"
)

func TestNewSecret(t *testing.T) {
	for _, n := range []int{1, 4095, 4096, 4097, 70000} {
		b, err := prng.NewSecret(n)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != n || cap(b) != n || len(bytes.Trim(b, "\x00")) != 0 {
			t.Fatalf("NewSecret(%d): length %d, capacity %d, or not zero", n, len(b), cap(b))
		}
		b[0], b[n-1] = 1, 2
	}
}

// Running off either end faults instead of reading a neighbour.
func TestSecretGuards(t *testing.T) {
	if p := newPool(t, &world{}); !p.Stats().Memory.Guarded {
		t.Skip(p.Stats().Memory.Missing)
	}
	page := os.Getpagesize()
	b, err := prng.NewSecret(page)
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, off := range []int{-1, page} {
		faulted := func() (faulted bool) {
			defer func() { faulted = recover() != nil }()
			sink = *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), off))
			return false
		}()
		if !faulted {
			t.Errorf("the byte at %d can be read", off)
		}
	}
}

var sink byte

// What Stats claims is what the kernel says of some mapping.
func TestProtectionIsReal(t *testing.T) {
	if _, err := os.Stat("/proc/self/smaps"); err != nil {
		t.Skip(err)
	}
	flags := func() (lo, dd int) { // VmFlags of proc_pid_smaps(5): locked, do not dump
		smaps, err := os.ReadFile("/proc/self/smaps")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(smaps), " lo"), strings.Count(string(smaps), " dd")
	}
	locked, hidden := flags()
	m := newPool(t, &world{}).Stats().Memory
	lo, dd := flags()
	if lo > locked != m.Locked || dd > hidden != m.Hidden {
		t.Errorf("locked %v, hidden from core dumps %v; claimed %+v", lo > locked, dd > hidden, m)
	}
	missing := 0
	for _, has := range []bool{m.Guarded, m.Locked, m.Hidden} {
		if !has {
			missing++
		}
	}
	if (missing == 0) != (len(m.Missing) == 0) {
		t.Errorf("%+v", m)
	}
}
