package daemon

import (
	"testing"

	"prngd/internal/config"
	"prngd/internal/peercred"
)

// However few descriptors there are, some are for clients, and never fewer for
// more.
func TestReservedDescriptors(t *testing.T) {
	for limit, clients := range map[int]int{1: 1, 64: 16, 84: 21, 85: 22, 86: 22, 128: 64, 1024: 960, 1 << 20: 1<<20 - 64} {
		if got := limit - reserved(limit); got != clients {
			t.Errorf("of %d descriptors %d are for clients, expected %d", limit, got, clients)
		}
	}
}

// What a write-credit line says of uid, gid and alone is what the server goes by.
func TestWriteCreditOfLines(t *testing.T) {
	p := &serverPart{}
	c := p.limits(&config.Settings{MaxConnections: 1, WriteCredit: []config.WriteCredit{
		{UID: 5, GID: 6, Alone: true}, {UID: 7, GID: -1}, {UID: -1, GID: 8},
	}})
	for peer, want := range map[peercred.Cred][2]bool{
		{UID: 5, GID: 6}: {true, true}, {UID: 5, GID: 9}: {false, false}, {UID: 7, GID: 6}: {true, false},
		{UID: 1, GID: 8}: {true, false}, {UID: 0, GID: 0}: {false, false},
	} {
		if got := [2]bool{c.CreditsWrites(peer), c.Alone(peer)}; got != want {
			t.Errorf("%+v: counts and alone are %v, expected %v", peer, got, want)
		}
	}
}
