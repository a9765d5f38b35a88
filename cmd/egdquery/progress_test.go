package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// From inside the package, because the exported way wants a terminal.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen strings.Builder
		p := &progress{quit: make(chan struct{}), stopped: make(chan struct{})}
		go p.show(&screen, 10<<20)
		time.Sleep(progressAfter - time.Millisecond)
		synctest.Wait()
		if screen.Len() > 0 {
			t.Errorf("too early: %q", screen.String())
		}
		p.done.Store(5 << 20)
		time.Sleep(progressEvery)
		synctest.Wait()
		p.stop()
		const want = "\r\x1b[K5.0 MiB of 10.0 MiB (50 %), 5.0 MiB/s\r\x1b[K"
		if screen.String() != want {
			t.Errorf("got %q, expected %q", screen.String(), want)
		}
	})
}

func TestShortReadShowsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen strings.Builder
		p := &progress{quit: make(chan struct{}), stopped: make(chan struct{})}
		go p.show(&screen, 100)
		p.stop()
		if screen.Len() > 0 {
			t.Errorf("got %q", screen.String())
		}
	})
}
