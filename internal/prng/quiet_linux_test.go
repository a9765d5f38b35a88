package prng

import (
	"testing"

	"golang.org/x/sys/unix"
)

// G4: no signal that a busy process gets reaches a thread in a quiet time.
func TestQuietTakesNoSignals(t *testing.T) {
	blocked := func() (n int) {
		var now unix.Sigset_t
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &now); err != nil {
			t.Fatal(err)
		}
		for _, s := range signals {
			if uint64(now.Val[0])>>(s-1)&1 != 0 {
				n++
			}
		}
		return n
	}
	quiet := BeginQuiet()
	if n := blocked(); n != len(signals) {
		t.Errorf("%d of %d signals are blocked", n, len(signals))
	}
	quiet.End()
	if n := blocked(); n != 0 {
		t.Errorf("%d signals are blocked afterwards", n)
	}
}
