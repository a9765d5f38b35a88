package prng

import "testing"

func TestSelfTest(t *testing.T) {
	if err := SelfTest(); err != nil {
		t.Fatal(err)
	}
	wrong := "00" + katReturned[2:]
	if knownAnswer(wrong) == nil {
		t.Fatal("a wrong answer passed")
	}
}
