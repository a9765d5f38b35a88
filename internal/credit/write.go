package credit

import (
	"slices"

	"prngd/internal/peercred"
)

// Writer is one write-credit line: a peer whose writes may count. A number below
// 0 matches every uid or gid.
type Writer struct {
	UID, GID int
	Alone    bool // its bits may seed without another source
}

// Writers is the write-credit policy.
type Writers []Writer

// Counts reports whether the writes of peer may count: one line matches both its
// uid and its gid.
func (w Writers) Counts(peer peercred.Cred) bool {
	return slices.ContainsFunc(w, func(l Writer) bool {
		return (l.UID < 0 || l.UID == peer.UID) && (l.GID < 0 || l.GID == peer.GID)
	})
}

// Alone reports whether some writer may seed without another source.
func (w Writers) Alone() bool { return slices.ContainsFunc(w, func(l Writer) bool { return l.Alone }) }
