package gatherers

import (
	"bytes"
	"math/rand"
	"testing"
)

// The samples of a start-up test are cleared when it ends, whatever it finds.
func TestStartupIsCleared(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for name, spoil := range map[string]func([]byte){
		"passes": func([]byte) {},
		"fails":  func(block []byte) { clear(block[estimateBlock/2:]) },
	} {
		m := newMonitor(&Gatherer{Credit: 0.5})
		block := make([]byte, estimateBlock)
		r.Read(block)
		spoil(block)
		m.examine(block[:500])
		m.examine(block[500:])
		kept := m.startup[:cap(m.startup)]
		if !bytes.Equal(kept, make([]byte, len(kept))) {
			t.Errorf("it %s: samples are kept", name)
		}
	}
}
