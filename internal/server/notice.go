package server

import (
	"sync"
	"time"
)

// noticeEvery is how often the same kind of event is worth a line.
const noticeEvery = time.Minute

// notice keeps a peer from filling the log. The zero value is ready.
type notice struct {
	mu      sync.Mutex
	next    instant
	skipped int
}

// due reports whether to write a line now, and how many were left out since
// the last one.
func (n *notice) due(now instant) (skipped int, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now < n.next {
		n.skipped++
		return 0, false
	}
	skipped, n.skipped = n.skipped, 0
	n.next = now.after(noticeEvery)
	return skipped, true
}

// say has line written to the log soon, or never if the log is that slow:
// whoever serves clients does not wait for it.
func (s *Server) say(line func()) {
	select {
	case s.lines <- line:
	default:
	}
}

// write writes those lines, the last of them after the server has stopped.
func (s *Server) write() {
	for {
		select {
		case line := <-s.lines:
			line()
		case <-s.stopped:
			for len(s.lines) > 0 {
				(<-s.lines)()
			}
			return
		}
	}
}
