package gatherers_test

import (
	"bufio"
	"fmt"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"

	"prngd/gatherers"
)

func TestRepetitionCount(t *testing.T) {
	for run, want := range map[int]bool{1: true, 60: true, 61: false, 62: false} {
		test := gatherers.RepetitionCount{Cutoff: 61}
		pass := test.Pass(9) && test.Pass(8)
		for range run {
			pass = test.Pass(7)
		}
		if pass != want || test.Longest != run {
			t.Errorf("run of %d: pass %v, longest %d", run, pass, test.Longest)
		}
		if !test.Pass(6) {
			t.Errorf("run of %d: does not end", run)
		}
	}
}

// One window whose first symbol comes n times, wherever the others stand.
func TestAdaptiveProportion(t *testing.T) {
	for n, want := range map[int]bool{1: true, 421: true, 422: false, 423: false, 512: false} {
		for _, spread := range []bool{false, true} {
			test := gatherers.AdaptiveProportion{Cutoff: 422, Window: 512}
			pass := true
			for i := range 512 {
				x := byte(i%251) + 1
				if !spread && i < n || spread && (i == 0 || i > 512-n) {
					x = 0
				}
				pass = test.Pass(x) && pass
			}
			if pass != want || test.Largest != n {
				t.Errorf("%d of 512: pass %v, largest %d", n, pass, test.Largest)
			}
		}
	}
}

// 421 at the end of a window and as many at the start of the next are no fault.
func TestAdaptiveProportionWindowsDoNotOverlap(t *testing.T) {
	test := gatherers.AdaptiveProportion{Cutoff: 422, Window: 512}
	for i := range 2 * 512 {
		x := byte(1)
		if i == 0 || i > 512-421 && i < 512+421 {
			x = 0
		}
		if !test.Pass(x) {
			t.Fatalf("fails at symbol %d", i)
		}
	}
}

// The cut-offs in docs/entropy.md are those of SP 800-90B 4.4, recomputed here.
func TestCutoffs(t *testing.T) {
	f, err := os.Open("../docs/entropy.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var h float64
		var rct, apt [3]int
		line := strings.NewReplacer("*", "", "|", " ", "/", " ").Replace(lines.Text())
		n, _ := fmt.Sscanf(line, " H = %g %d %d %d %d %d %d", &h, &rct[0], &rct[1], &rct[2], &apt[0], &apt[1], &apt[2])
		if n != 7 {
			continue
		}
		rows++
		for i, bits := range []int{20, 30, 40} {
			if want := 1 + int(math.Ceil(float64(bits)/h)); rct[i] != want {
				t.Errorf("H = %g, alpha 2^-%d: RCT %d, want %d", h, bits, rct[i], want)
			}
			if want := aptCutoff(512, h, bits); apt[i] != want {
				t.Errorf("H = %g, alpha 2^-%d: APT %d, want %d", h, bits, apt[i], want)
			}
		}
	}
	if rows != 4 {
		t.Errorf("%d rows of cut-offs found, want 4", rows)
	}
}

// The cutoffs in use are those of the standard for the credit that is claimed,
// whatever it is. Of 8 bits a byte: G8.
func TestCutoffsInUse(t *testing.T) {
	for _, h := range []float64{8, 7.5, 4, 1, 0.5, 0.125, 1.0 / 64} {
		for _, bits := range []int{20, 30, 60} {
			if got, want := gatherers.RCTCutoff(h, bits), 1+int(math.Ceil(float64(bits)/h)); got != want {
				t.Errorf("H = %v, alpha 2^-%d: RCT %d, want %d", h, bits, got, want)
			}
			if got, want := gatherers.APTCutoff(h, bits), aptCutoff(512, h, bits); got != want {
				t.Errorf("H = %v, alpha 2^-%d: APT %d, want %d", h, bits, got, want)
			}
		}
	}
	if got := gatherers.APTCutoff(8, 30); got != 16 {
		t.Errorf("APT cutoff for 8 bits a byte: %d, want 16", got)
	}
	for _, none := range []float64{0, -1, math.NaN()} {
		if gatherers.RCTCutoff(none, 30) != math.MaxInt || gatherers.APTCutoff(none, 30) != 513 {
			t.Errorf("H = %v has cutoffs", none)
		}
	}
}

// aptCutoff returns the least count that a window of n symbols of min-entropy h
// reaches with a probability of at most 2^-bits: 1 + CRITBINOM(n, 2^-h, 1-2^-bits).
func aptCutoff(n int64, h float64, bits int) int {
	const precision = 200
	p := big.NewFloat(math.Pow(2, -h)).SetPrec(precision)
	q := new(big.Float).SetPrec(precision).Sub(big.NewFloat(1), p)
	power := func(x *big.Float, k int64) *big.Float {
		y := big.NewFloat(1).SetPrec(precision)
		for range k {
			y.Mul(y, x)
		}
		return y
	}
	alpha := new(big.Float).SetMantExp(big.NewFloat(1), -bits)
	tail := new(big.Float).SetPrec(precision)
	for k := n; ; k-- {
		term := new(big.Float).SetPrec(precision).SetInt(new(big.Int).Binomial(n, k))
		tail.Add(tail, term.Mul(term, power(p, k)).Mul(term, power(q, n-k)))
		if tail.Cmp(alpha) > 0 {
			return int(k) + 1
		}
	}
}
