//go:build linux && (amd64 || arm64) && !race

package seedfile_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"prngd/internal/memscan"
	"prngd/seedfile"
)

// pattern gives bytes one at a time, so that the only place in memory where eight of
// them are together is the reader's buffer.
type pattern struct{ state uint64 }

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		p.state = p.state*6364136223846793005 + 1442695040888963407
		b[i] = byte(p.state >> 56)
	}
	return len(b), nil
}

func patternBytes(state uint64, n int) []byte {
	b := make([]byte, n)
	io.ReadFull(&pattern{state}, b)
	return b
}

// States of the patterns that the two processes of TestNothingStays agree on.
const (
	successorState = iota + 1
	drawnState
	stirredState
	keptState
	exchangeState
	fileStates // and those above it
)

// handlers are what is done in that process, each with a seed file of its name.
var handlers = []struct {
	name string
	do   func(path string) error
}{{"opened", openSeed}, {"loaded", loadSeed}, {"replaced", replaceSeed}, {"saved", saveSeed}, {"shared", openShared}, {"exchange", stirOnce}}

// G4: once a call returns, nothing of a seed that was loaded, replaced, saved or
// exchanged is in the memory of the process. It is looked for from outside, in a
// process without collections and preemption: those may copy a stack in use. On
// processors for which SHA-256 is not in assembler it leaves its message schedule.
func TestNothingStays(t *testing.T) {
	if dir := os.Getenv("SEEDFILE_TEST_ERASE"); dir != "" {
		handleSecrets(t, dir)
		return
	}
	dir := t.TempDir()
	needles := memscan.New()
	for i, h := range handlers {
		var content []byte
		for generation := range 2 {
			r := seedfile.Record{Generation: 1 + uint64(generation)}
			copy(r.Seed[:], patternBytes(fileStates+uint64(2*i+generation), len(r.Seed)))
			needles.Add(r.Seed[:], fmt.Sprintf("record %d of the file %s", generation, h.name))
			b := seedfile.Encode(r)
			content = append(content, b[:]...)
		}
		write(t, dir+"/"+h.name, content, 0o600)
	}
	exchanged := patternBytes(exchangeState, seedfile.ExchangeSize)
	write(t, dir+"/exchange", exchanged, 0o600)
	needles.Add(exchanged, "what was exchanged")
	needles.Add(patternBytes(successorState, 64), "the successor")
	needles.Add(patternBytes(drawnState, 64), "a seed that was saved")
	needles.Add(patternBytes(stirredState, seedfile.ExchangeSize), "what was drawn for the exchange")
	needles.Add(patternBytes(keptState, 64), "kept")

	pid := memscan.StartChild(t, "handled", "SEEDFILE_TEST_ERASE="+dir, "GODEBUG=asyncpreemptoff=1", "GOGC=off")
	left := read(t, dir+"/exchange")
	if slices.Equal(left, exchanged) {
		t.Fatal("nothing was exchanged")
	}
	needles.Add(left, "what was left in the exchange file")
	places, err := needles.Find(pid)
	if err != nil {
		t.Skip(err)
	}
	kept := func(place string) bool { return strings.HasPrefix(place, "kept ") }
	if !slices.ContainsFunc(places, kept) {
		t.Error("what is in memory was not found")
	}
	for _, place := range slices.DeleteFunc(places, kept) {
		t.Error(place)
	}
}

// handleSecrets does each thing on a goroutine of its own, whose stack then stays as
// it is while the other process looks.
func handleSecrets(t *testing.T, dir string) {
	kept := patternBytes(keptState, 64)
	for _, h := range handlers {
		done := make(chan error)
		go func() {
			useStack(64)
			done <- h.do(dir + "/" + h.name)
			select {}
		}()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("handled")
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(kept)
}

// useStack makes the goroutine's stack large enough for all that follows: one that
// grows leaves its former content behind.
func useStack(kilobytes int) byte {
	var b [1024]byte
	b[kilobytes] = 1
	if kilobytes > 0 {
		b[0] = useStack(kilobytes - 1)
	}
	return b[kilobytes/2]
}

func openSeed(path string) error {
	_, err := seedfile.Open(options(path))
	return err
}

func loadSeed(path string) error {
	f, err := seedfile.Open(options(path))
	if err != nil {
		return err
	}
	l, err := f.Load()
	clear(l.Data)
	return err
}

func replaceSeed(path string) error {
	f, err := seedfile.Open(options(path))
	if err != nil {
		return err
	}
	var successor [64]byte
	(&pattern{successorState}).Read(successor[:])
	err = f.Replace(successor)
	clear(successor[:])
	return err
}

func saveSeed(path string) error {
	f, err := seedfile.Open(options(path))
	if err != nil {
		return err
	}
	return f.Save(drawn{&pattern{drawnState}, true})
}

func openShared(path string) error {
	_, err := seedfile.OpenExchange(path, os.Geteuid())
	return err
}

func stirOnce(path string) error {
	x, err := seedfile.OpenExchange(path, os.Geteuid())
	if err != nil {
		return err
	}
	return x.Stir(context.Background(), &pattern{stirredState}, func([]byte) {})
}
