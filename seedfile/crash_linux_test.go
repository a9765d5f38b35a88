//go:build amd64 || arm64

package seedfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"prngd/seedfile"
)

// situation is a seed file and a place, in which a daemon's life begins.
type situation struct {
	name    string
	inPlace bool // the directory cannot be written by the daemon's user
	native  bool // a valid record is there, so one must be there after every crash
	quick   bool // tried under the race detector as well, which has little to say here and triples the time
	files   func(t *testing.T) files
}

func situations() []situation {
	one := func(t *testing.T) files { return files{"seed": string(seedBytes(t, t.TempDir(), false))} }
	two := func(t *testing.T) files { return files{"seed": string(seedBytes(t, t.TempDir(), true))} }
	swapped := func(t *testing.T) files {
		b := seedBytes(t, t.TempDir(), true)
		return files{"seed": string(b[seedfile.Size:]) + string(b[:seedfile.Size])}
	}
	torn := func(t *testing.T) files {
		b := seedBytes(t, t.TempDir(), true)
		clear(b[seedfile.Size+300:])
		return files{"seed": string(b)}
	}
	leftover := func(t *testing.T) files {
		b := seedBytes(t, t.TempDir(), false)
		return files{"seed": string(b), ".seed.new": string(b[:200])}
	}
	foreign := func(*testing.T) files { return files{"seed": string(noise("PRNGD", 4096))} }
	empty := func(*testing.T) files { return files{"seed": ""} }
	none := func(*testing.T) files { return files{} }
	return []situation{
		{"rename/sound", false, true, true, one},
		{"rename/once in place", false, true, false, two},
		{"rename/crashed before", false, true, false, leftover},
		{"rename/foreign", false, false, false, foreign},
		{"rename/missing", false, false, false, none},
		{"in place/one slot", true, true, false, one},
		{"in place/two slots", true, true, true, two},
		{"in place/newest first", true, true, false, swapped},
		{"in place/torn slot", true, true, false, torn},
		{"in place/foreign", true, false, false, foreign},
		{"in place/empty", true, false, false, empty},
	}
}

// TestCrashMatrix kills a daemon with SIGKILL before and after each of its system
// calls on the seed file, from opening it to closing it, and starts it again: on
// the directory as it is, and on every directory that a power cut at that moment
// may have left. Of moments at which all of that is the same, and the ledger too,
// one is enough. Whatever the cell, the next start opens the file, finds a valid
// record if there ever was one, and never credits what was credited before.
func TestCrashMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("the crash matrix is skipped in short mode")
	}
	var cells, kills, directories atomic.Int64
	t.Run("kill", func(t *testing.T) {
		for _, s := range situations() {
			if raceEnabled && !s.quick {
				continue
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				m := &matrix{situation: s, root: fastDir(t), user: tester(), judged: map[string]bool{}}
				cells.Add(m.run(t))
				kills.Add(m.kills)
				directories.Add(m.directories)
			})
		}
	})
	t.Logf("%d cells, %d kills, %d directories after power cuts", cells.Load(), kills.Load(), directories.Load())
	if !raceEnabled && !t.Failed() && cells.Load() > 0 && cells.Load() < 200 {
		t.Errorf("only %d cells", cells.Load())
	}
}

type matrix struct {
	situation
	root        string
	user        int
	serial      int
	judged      map[string]bool // directories and ledgers that were tried already
	kills       int64
	directories int64
}

// run goes through all cells of a situation and returns their number: it watches
// a life without a kill, and kills one at the first moment of each state.
func (m *matrix) run(t *testing.T) (cells int64) {
	initial := m.files(t)
	var names []string
	var states []string
	var moments []int // at which a state began
	m.cell(t, initial, func(s stop, state func() string) bool {
		if now := state(); !slices.Contains(states, now) {
			states = append(states, now)
			moments = append(moments, len(names))
		}
		names = append(names, fmt.Sprintf("%s %d %s", edge(s.after), len(names)/2+1, s.name))
		return false
	})
	for _, i := range moments {
		n := -1
		killed := m.cell(t, initial, func(stop, func() string) bool { n++; return n == i })
		if !killed {
			t.Errorf("%s: was not reached", names[i])
		}
		if t.Failed() {
			t.Fatalf("killed %s of %v", names[i], names)
		}
		m.kills++
	}
	return int64(len(names))
}

func edge(after bool) string {
	if after {
		return "after"
	}
	return "before"
}

// cell lives one life up to a kill, and judges what is left.
func (m *matrix) cell(t *testing.T, initial files, kill func(s stop, state func() string) bool) (killed bool) {
	dir := m.place(t, initial)
	ledger := dir + ".ledger"
	if err := os.WriteFile(ledger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDisk(t, dir)
	cmd := child(t, "life", "TRACED=1", "SEED="+dir+"/seed", "LEDGER="+ledger,
		fmt.Sprint("LABEL=life ", m.serial), fmt.Sprint("RUN_AS=", m.user))
	var left []files
	killed, err := trace(cmd, func(s stop) bool {
		if s.after {
			d.observe(t, s)
		}
		if !kill(s, func() string { return d.state(t) + string(read(t, ledger)) }) {
			return false
		}
		left = d.outcomes(t)
		return true
	})
	if errors.Is(err, errNoPtrace) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := string(read(t, ledger))
	m.restart(t, dir, b)
	for _, f := range left {
		if key := f.key() + b; !m.judged[key] {
			m.judged[key] = true
			m.directories++
			m.restart(t, m.place(t, f), b)
		}
	}
	return killed
}

// place makes a directory with the given files for the daemon's user.
func (m *matrix) place(t *testing.T, f files) string {
	m.serial++
	dir := filepath.Join(m.root, fmt.Sprint(m.serial))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f.write(t, dir, m.user)
	mode := os.FileMode(0o700)
	if m.inPlace {
		mode = 0o500
	}
	if err := errors.Join(os.Chown(dir, m.user, -1), os.Chmod(dir, mode)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// restart is the next start in a directory, and the one after it, given what was
// credited so far.
func (m *matrix) restart(t *testing.T, dir, ledger string) {
	defer become(m.user)()
	spent := strings.Split(ledger, "\n")
	for round := range 3 {
		m.noneSpent(t, dir, spent)
		o := options(dir + "/seed")
		o.Owner = m.user
		f, err := seedfile.Open(o)
		if err != nil {
			t.Errorf("start %d: %v", round, err)
			return
		}
		l, bits, err := start(f, fmt.Sprint(dir, round))
		if l.Foreign && (m.native || round > 0) {
			t.Errorf("start %d: no valid record in %q", round, l.Data)
		}
		if err != nil && !(l.Foreign && errors.Is(err, seedfile.ErrNotReplaced)) {
			t.Errorf("start %d: %v", round, err)
		}
		if bits > 0 {
			name := "credited " + digest(l.Data)
			if slices.Contains(spent, name) {
				t.Errorf("start %d: %s twice", round, name)
			}
			spent = append(spent, name)
		}
		if round > 0 && bits == 0 {
			t.Errorf("start %d: %d bits: %s", round, bits, l.Reason)
		}
		m.noneSpent(t, dir, spent)
		if err := f.Save(drawn{&stream{label: fmt.Sprint(dir, "save", round)}, true}); err != nil {
			t.Errorf("start %d: %v", round, err)
		}
		if got := f.Stats().Form; (got == seedfile.InPlace) != m.inPlace {
			t.Errorf("start %d: saved by %s", round, got)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// noneSpent: nothing under the name, in either slot, may still say of a seed that
// was credited that it can be.
func (m *matrix) noneSpent(t *testing.T, dir string, spent []string) {
	b, err := os.ReadFile(dir + "/seed")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, r := range records(b) {
		one := seedfile.Encode(r)
		if name := "credited " + digest(one[:]); r.Creditable && slices.Contains(spent, name) {
			t.Errorf("%s, and still creditable on disk", name)
		}
	}
}
