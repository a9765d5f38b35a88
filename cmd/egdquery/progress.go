package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"prngd/cmd/egdquery/internal/human"
)

const (
	progressAfter = time.Second // a read that is over by then shows none
	progressEvery = 250 * time.Millisecond
)

// progress shows on a terminal how far a long read has come.
type progress struct {
	done    atomic.Int64 // bytes
	quit    chan struct{}
	stopped chan struct{}
}

// startProgress shows how much of total bytes is done, if stderr is a terminal
// and stdout, where it would get mixed up with them, is not.
func startProgress(stdout, stderr io.Writer, total int64) *progress {
	p := &progress{quit: make(chan struct{}), stopped: make(chan struct{})}
	if redraws(stderr) && !isTerminal(stdout) {
		go p.show(stderr, total)
	} else {
		close(p.stopped)
	}
	return p
}

// stop ends the display and clears its line.
func (p *progress) stop() {
	close(p.quit)
	<-p.stopped
}

func (p *progress) show(w io.Writer, total int64) {
	defer close(p.stopped)
	start := time.Now()
	for wait, shown := progressAfter, ""; ; wait, shown = progressEvery, clearLine {
		select {
		case <-p.quit:
			io.WriteString(w, shown)
			return
		case <-time.After(wait):
		}
		done := p.done.Load()
		speed := float64(done) / time.Since(start).Seconds()
		fmt.Fprintf(w, "%s%s of %s (%d %%), %s/s", clearLine,
			human.Size(float64(done)), human.Size(float64(total)), int64(float64(done)/float64(total)*100), human.Size(speed))
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// redraws says whether a terminal can put one line in the place of another.
func redraws(stream any) bool {
	name := os.Getenv("TERM")
	return isTerminal(stream) && name != "" && name != "dumb"
}
