package daemon

import (
	"bytes"
	"testing"

	"prngd/internal/change"
	"prngd/internal/credit"
	"prngd/internal/prng"
)

// G12: an event that is noticed no sooner than the secret of an upgrade is drawn
// refuses the upgrade. The next program would count 512 bits for 64 zeros, and hold
// no reply.
func TestSecretOfAnUpgrade(t *testing.T) {
	event := prng.NoEvent
	g, err := prng.New(prng.Env{Event: func(int64, int64) prng.Event { e := event; event = prng.NoEvent; return e }})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	output := func() []byte {
		t.Helper()
		secret, err := secretFor(g)
		if err != nil || bytes.Count(secret[credit.HandoverOutput:], []byte{0}) == 32 {
			t.Fatalf("%x, %v", secret, err)
		}
		return secret[:credit.HandoverOutput]
	}
	zeros := make([]byte, credit.HandoverOutput)
	if b := output(); !bytes.Equal(b, zeros) {
		t.Errorf("output of an unseeded generator: %x", b)
	}
	g.Source(prng.Policy{Name: "kernel"}).Add(make([]byte, 64), 512)
	if b := output(); bytes.Equal(b, zeros) {
		t.Error("no output of a seeded generator")
	}
	event = prng.Cloned
	if secret, err := secretFor(g); !change.IsLater(err) || secret != nil {
		t.Errorf("a clone is noticed: %x, %v", secret, err)
	}
}
