package daemon

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"prngd/internal/process"
	"prngd/internal/server"
)

const (
	// settled is when all that only a start needs has been used.
	settled = 2 * time.Second
	// memoryLook is how often the daemon looks whether a peak of connections has
	// ended.
	memoryLook = 20 * time.Second
	// manyConnections in a memoryLook leave some hundred kilobytes of garbage.
	manyConnections = 500
)

// returnMemory gives the memory of the start back to the system, and that of a peak of
// connections within two looks after its end. Go's own collector runs when the heap
// grows, and so not after a peak.
func returnMemory(ctx context.Context, s *server.Server) {
	var p peak
	started := time.After(settled)
	look := time.NewTicker(memoryLook)
	defer look.Stop()
	for {
		select {
		case <-started:
			releaseProgram()
			continue
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if !p.ended(s.Stats().ClientsEver) {
			continue
		}
		s.Trim()
		runtime.GC() // takes what buffers that are kept for reuse need two collections for
		debug.FreeOSMemory()
		releaseProgram()
	}
}

// releaseProgram gives pages of the program back. A system that cannot keeps them:
// nothing else depends on it.
func releaseProgram() { _ = process.ReleaseProgramPages() }

// peak is a time of many new connections.
type peak struct {
	before uint64 // connections at the last look
	during bool
}

// ended reports whether a peak is over, given how many connections there were ever.
func (p *peak) ended(ever uint64) bool {
	many := ever-p.before >= manyConnections
	p.before = ever
	over := p.during && !many
	p.during = many
	return over
}
