package daemon

import "testing"

// However few descriptors there are, some are for clients, and never fewer for
// more.
func TestReservedDescriptors(t *testing.T) {
	for limit, clients := range map[int]int{1: 1, 64: 16, 84: 21, 85: 22, 86: 22, 128: 64, 1024: 960, 1 << 20: 1<<20 - 64} {
		if got := limit - reserved(limit); got != clients {
			t.Errorf("of %d descriptors %d are for clients, expected %d", limit, got, clients)
		}
	}
}
