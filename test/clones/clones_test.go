//go:build linux

// Package clones restores virtual machines from one snapshot, two at a time, whose kernels give equal random bytes: no
// reply of one may be a reply of the other.
package clones

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"prngd/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// kernelVariable names the Linux of the guests: one with CONFIG_VMGENID.
const kernelVariable = "PRNGD_GUEST_KERNEL"

// seen is what a restored guest tells.
type seen struct {
	replies []reply
	state   state
	lines   []string
}

type reply struct {
	sent, took int64 // ns of the guest's monotonic clock
	bytes      string
}

type state struct {
	parted          int64 // when the guest had read the kernel's word
	clones, reseeds int
	jitter          int // bits credited
	unsettled       string
}

// TestPairs: G1. PRNGD_PAIRS says how many pairs; three by default.
func TestPairs(t *testing.T) {
	harness.System(t)
	im := image{qemu: harness.Need(t, "qemu-system-x86_64"), kernel: os.Getenv(kernelVariable), initrd: harness.Dir(t) + "/initrd"}
	if im.kernel == "" {
		t.Skip(kernelVariable + " names no Linux for the guests: scripts/test clones fetches one")
	}
	pairs := 3
	if n, err := strconv.Atoi(os.Getenv("PRNGD_PAIRS")); err == nil {
		pairs = n
	}
	programs := map[string]string{"init": harness.Program(t, "./test/clones/guest"),
		"bin/jail": harness.Program(t, "./scripts/jail"), "bin/prngd": harness.Prngd(t)}
	conf := "listen /run/egd\nstatus /run/status\nlog level=warn\n"
	if err := os.WriteFile(im.initrd, initrd(t, programs, conf), 0o600); err != nil {
		t.Fatal(err)
	}
	snapshot := harness.Dir(t) + "/state"
	first := im.start(t, harness.Dir(t), "")
	said, err := first.until("READY")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.save(snapshot); err != nil {
		t.Fatal(err)
	}
	first.kill()
	sum := tally{jitter: parse(said).state.jitter}
	for range pairs {
		sum.add(t, im.pair(t, snapshot))
	}
	sum.judge(t)
}

// pair restores two guests at once and returns what they tell.
func (im image) pair(t *testing.T, snapshot string) (pair [2]seen) {
	t.Helper()
	var machines [2]*machine
	for i := range machines {
		machines[i] = im.start(t, harness.Dir(t), snapshot)
	}
	for i, m := range machines {
		lines, err := m.until("DONE")
		if err != nil {
			t.Fatal(err)
		}
		m.kill()
		pair[i] = parse(lines)
	}
	return pair
}

func parse(lines []string) (s seen) {
	s.lines = lines
	for _, line := range lines {
		var r reply
		if n, _ := fmt.Sscanf(line, "REPLY %d %d %s", &r.sent, &r.took, &r.bytes); n == 3 {
			s.replies = append(s.replies, r)
		}
		fmt.Sscanf(line, "STATE %d %d %d %d %q", &s.state.parted, &s.state.clones, &s.state.reseeds, &s.state.jitter, &s.state.unsettled)
	}
	return s
}

// tally is what all pairs together show.
type tally struct {
	pairs, shared, compared, equal int
	early                          int // replies after the kernel's word and before the hold
	bounded                        int // holds that ended without independent noise, and say so
	jitter                         int // bits credited before the snapshot
	held                           []time.Duration
}

// add compares the replies that two guests got after they were restored: all whose time the other guest does not have.
func (s *tally) add(t *testing.T, pair [2]seen) {
	t.Helper()
	s.pairs++
	times, of := map[int64]bool{}, map[string]bool{}
	for _, r := range pair[0].replies {
		times[r.sent], of[r.bytes] = true, true
	}
	shared := 0
	for _, r := range pair[1].replies {
		switch {
		case times[r.sent] && of[r.bytes]:
			shared++
		case of[r.bytes]:
			s.equal++
			t.Errorf("pair %d: both guests got %s", s.pairs, r.bytes)
		default:
			s.compared++
		}
	}
	if shared == 0 { // then these are no twins, and the rest says nothing
		t.Errorf("pair %d: no reply from before the snapshot", s.pairs)
	}
	s.shared += shared
	for _, guest := range pair {
		s.look(t, guest)
	}
	t.Logf("pair %d: %d replies compared so far, %d equal, held %v and %v",
		s.pairs, s.compared, s.equal, s.held[len(s.held)-2], s.held[len(s.held)-1])
}

// independentBits is what a reseed takes of independent noise, and what one sample of jitter counts for.
const independentBits = 256

// look judges one guest: it noticed, and its hold ended by independent noise, or at its bound, degraded.
func (s *tally) look(t *testing.T, guest seen) {
	t.Helper()
	switch st := guest.state; {
	case st.clones == 0:
		t.Errorf("pair %d: a guest noticed nothing: %q", s.pairs, guest.lines)
	case st.unsettled != "":
		s.bounded++
	case st.jitter < s.jitter+independentBits:
		t.Errorf("pair %d: settled with %d bits of jitter, %d of them before the snapshot: %q", s.pairs, st.jitter, s.jitter, guest.lines)
	}
	held, at := int64(0), 0
	later := slices.DeleteFunc(slices.Clone(guest.replies), func(r reply) bool { return r.sent+r.took < guest.state.parted })
	for i, r := range later {
		if r.took > held {
			held, at = r.took, i
		}
	}
	s.early += at
	s.held = append(s.held, time.Duration(held))
}

func (s *tally) judge(t *testing.T) {
	t.Helper()
	slices.Sort(s.held)
	at := func(p int) time.Duration { return s.held[(len(s.held)-1)*p/100].Round(time.Millisecond) }
	harness.Figure(t, "%d pairs restored from one snapshot, getrandom equal in both: %d replies after the restore compared, %d equal (%d from before it are); "+
		"%d answered after the kernel's word and before the hold; held p50 %v, p99 %v, longest %v; %d of %d holds ended at their bound",
		s.pairs, s.compared, s.equal, s.shared, s.early, at(50), at(99), at(100), s.bounded, len(s.held))
}
