package daemon

import "testing"

// Memory is given back once after a peak, and not while it lasts.
func TestPeakEnds(t *testing.T) {
	var p peak
	for i, look := range []struct {
		ever uint64
		want bool
	}{
		{10, false}, {20, false}, {20 + manyConnections, false}, {5000, false}, {5010, true}, {5020, false}, {9000, false}, {9000, true}, {9000, false},
	} {
		if got := p.ended(look.ever); got != look.want {
			t.Errorf("look %d, %d connections: %v, expected %v", i, look.ever, got, look.want)
		}
	}
}
