package server

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

// party is what a transcript is played against.
type party interface {
	gate(prng.State)
	later(time.Duration)
	send([]byte)
	shutWrite()
	receive(n int) []byte // fewer if there are no more
	rest() []byte         // what else has come
	closed(wait bool) bool
}

// playAll plays every block of the files that match against a party of its own.
func playAll(t *testing.T, pattern string, meet func(*testing.T, prng.State) party) {
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
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(name), b.line), func(t *testing.T) { b.play(t, meet(t, b.state())) })
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

var states = map[string]prng.State{"gate shut": prng.Unseeded, "gate held": prng.ReseedRequired, "gate open": prng.Seeded}

// state is where the block begins: open, if it does not say.
func (b block) state() prng.State {
	if state, ok := states[b.steps[0]]; ok {
		return state
	}
	return prng.Seeded
}

func (b block) play(t *testing.T, p party) {
	ended := false
	for _, step := range b.steps {
		arg := strings.TrimSpace(strings.TrimLeft(step, "<>+"))
		switch {
		case step == "> EOF":
			p.shutWrite()
		case step == "< EOF":
			if rest := p.rest(); len(rest) > 0 || !p.closed(true) {
				t.Fatalf("%s: got %x, or still open", step, rest)
			}
			ended = true
		case step[0] == '>':
			p.send(parse(t, arg))
		case step[0] == '<':
			expect(t, p, step, arg)
		case step[0] == '+':
			silent(t, p, step)
			d, err := time.ParseDuration(arg)
			if err != nil {
				t.Fatal(err)
			}
			p.later(d)
		default:
			silent(t, p, step)
			p.gate(states[step])
		}
	}
	if !ended {
		silent(t, p, "end of block")
	}
}

// silent checks that nothing came that the transcript does not know of.
func silent(t *testing.T, p party, before string) {
	t.Helper()
	if rest := p.rest(); len(rest) > 0 || p.closed(false) {
		t.Fatalf("before %q: got %x, or closed", before, rest)
	}
}

func expect(t *testing.T, p party, step, want string) {
	t.Helper()
	for _, word := range strings.Fields(want) {
		if n, ok := strings.CutPrefix(word, "*"); ok {
			count, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.receive(count); len(got) != count {
				t.Fatalf("%s: got %d random bytes instead of %s", step, len(got), n)
			}
			continue
		}
		if got := p.receive(1); !bytes.Equal(got, parse(t, word)) {
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
