package prng

import "testing"

// There is no generator without a self-test that has passed.
func TestSelfTest(t *testing.T) {
	g, err := New(Env{})
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
	if g, err := tested(Env{}, "00"+katReturned[2:]); err == nil || g != nil {
		t.Fatal("a wrong answer passed")
	}
}
