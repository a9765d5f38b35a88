// Package transcript plays the transcripts of EGD conversations in testdata against a
// party that a test provides: a session, or a server on a socket.
package transcript

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"prngd/internal/prng"
)

// Party is what a transcript is played against: a server, seen by its client.
type Party interface {
	SetState(prng.State)   // of the generator
	Later(time.Duration)   // lets time pass
	Send([]byte)           // to the server
	ShutWrite()            // ends what is sent
	Receive(n int) []byte  // returns fewer bytes if there are no more
	Rest() []byte          // returns what else has come
	Closed(wait bool) bool // reports whether the server has closed, or will
}

// PlayAll plays every block of the files that match pattern, each against a party
// that newParty makes with a generator in the block's first state.
func PlayAll(t *testing.T, pattern string, newParty func(*testing.T, prng.State) Party) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts match", pattern)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks(string(text)) {
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(name), b.line), func(t *testing.T) { b.play(t, newParty(t, b.state())) })
		}
	}
}

type block struct {
	line  int // of the first step
	steps []string
}

func blocks(text string) (all []block) {
	var b block
	for i, line := range strings.Split(text+"\n", "\n") {
		step, _, comment := strings.Cut(line, "#")
		step = strings.TrimSpace(step)
		switch {
		case step != "":
			if len(b.steps) == 0 {
				b.line = i + 1
			}
			b.steps = append(b.steps, step)
		case !comment && len(b.steps) > 0:
			all, b = append(all, b), block{}
		}
	}
	return all
}

// stateOf returns the state that a step sets.
func stateOf(step string) (state prng.State, ok bool) {
	switch step {
	case "unseeded":
		return prng.Unseeded, true
	case "reseed required":
		return prng.ReseedRequired, true
	case "seeded":
		return prng.Seeded, true
	}
	return prng.Unseeded, false
}

// state returns the state in which the block begins: Seeded, if it does not say.
func (b block) state() prng.State {
	if state, ok := stateOf(b.steps[0]); ok {
		return state
	}
	return prng.Seeded
}

func (b block) play(t *testing.T, p Party) {
	ended := false
	for _, step := range b.steps {
		arg := strings.TrimSpace(strings.TrimLeft(step, "<>+"))
		switch {
		case step == "> EOF":
			p.ShutWrite()
		case step == "< EOF":
			if rest := p.Rest(); len(rest) > 0 || !p.Closed(true) {
				t.Fatalf("%s: got %x, or still open", step, rest)
			}
			ended = true
		case step[0] == '>':
			p.Send(parse(t, arg))
		case step[0] == '<':
			expect(t, p, step, arg)
		case step[0] == '+':
			silent(t, p, step)
			d, err := time.ParseDuration(arg)
			if err != nil {
				t.Fatal(err)
			}
			p.Later(d)
		default:
			silent(t, p, step)
			state, ok := stateOf(step)
			if !ok {
				t.Fatalf("step %q is not known", step)
			}
			p.SetState(state)
		}
	}
	if !ended {
		silent(t, p, "end of block")
	}
}

// silent checks that nothing came that the transcript does not have.
func silent(t *testing.T, p Party, before string) {
	t.Helper()
	if rest := p.Rest(); len(rest) > 0 || p.Closed(false) {
		t.Fatalf("before %q: got %x, or closed", before, rest)
	}
}

func expect(t *testing.T, p Party, step, want string) {
	t.Helper()
	for _, word := range strings.Fields(want) {
		if n, ok := strings.CutPrefix(word, "*"); ok {
			count, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Receive(count); len(got) != count {
				t.Fatalf("%s: got %d random bytes instead of %s", step, len(got), n)
			}
			continue
		}
		if got := p.Receive(1); !bytes.Equal(got, parse(t, word)) {
			t.Fatalf("%s: got %x instead of %s", step, got, word)
		}
	}
}

func parse(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
