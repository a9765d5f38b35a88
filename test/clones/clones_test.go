//go:build linux

// Package clones restores virtual machines from one snapshot, two at a time, whose kernels give equal random bytes: no
// reply of one may be a reply of the other.
package clones

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"prngd/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, harness.Roles{"guest": guest}) }

// kernelVariable names the Linux of the guests: one with CONFIG_VMGENID.
const kernelVariable = "PRNGD_GUEST_KERNEL"

// TestPairs: G1. PRNGD_PAIRS says how many pairs; three by default.
func TestPairs(t *testing.T) {
	harness.System(t)
	im := image{qemu: harness.Need(t, "qemu-system-x86_64"), kernel: os.Getenv(kernelVariable)}
	if im.kernel == "" {
		t.Skip(kernelVariable + " names no Linux for the guests: scripts/test clones fetches one")
	}
	pairs := 3
	if n, err := strconv.Atoi(os.Getenv("PRNGD_PAIRS")); err == nil {
		pairs = n
	}
	// The guest is this program: it has no libraries there.
	self := harness.Dir(t) + "/clones"
	t.Setenv("CGO_ENABLED", "0")
	harness.Run(t, "go", "test", "-c", "-o", self, ".")
	im.initrd = initrd(t, map[string]string{"init": self, "bin/jail": harness.Program(t, "./scripts/jail"), "bin/prngd": harness.Prngd(t)})
	snapshot := harness.Dir(t) + "/state"
	first := im.start(t, "")
	sum := tally{jitter: jitter(first.until(t, "READY").Status).Bits}
	first.save(t, snapshot)
	for range pairs {
		sum.add(t, im.pair(t, snapshot))
	}
	slices.Sort(sum.held)
	at := func(p int) time.Duration { return sum.held[(len(sum.held)-1)*p/100].Round(time.Millisecond) }
	harness.Figure(t, "%d pairs restored from one snapshot, getrandom equal in both: %d replies after the restore compared, "+
		"%d equal (%d from before it are); %d answered after the kernel's word and before the hold; "+
		"held p50 %v, p99 %v, longest %v; %d of %d holds ended at their bound",
		sum.pairs, sum.compared, sum.equal, sum.shared, sum.early, at(50), at(99), at(100), sum.bounded, len(sum.held))
}

// pair restores two guests at once and returns what they tell.
func (im image) pair(t *testing.T, snapshot string) (pair [2]told) {
	t.Helper()
	machines := [2]*machine{im.start(t, snapshot), im.start(t, snapshot)}
	for i, m := range machines {
		pair[i] = m.until(t, "DONE")
		m.kill()
	}
	return pair
}

// tally is what all pairs together show.
type tally struct {
	pairs, shared, compared, equal int
	early                          int    // replies after the kernel's word and before the hold
	bounded                        int    // holds that ended without independent noise, and say so
	jitter                         uint64 // bits credited before the snapshot
	held                           []time.Duration
}

// add compares the replies that two guests got after they were restored: all whose time the other guest does not have.
func (s *tally) add(t *testing.T, pair [2]told) {
	t.Helper()
	s.pairs++
	times, of := map[int64]bool{}, map[[16]byte]bool{}
	for _, r := range pair[0].Replies {
		times[r.Sent], of[r.Bytes] = true, true
	}
	shared := 0
	for _, r := range pair[1].Replies {
		switch {
		case times[r.Sent] && of[r.Bytes]:
			shared++
		case of[r.Bytes]:
			s.equal++
			t.Errorf("pair %d: both guests got %x", s.pairs, r.Bytes)
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
	t.Logf("pair %d: %d replies compared so far, %d equal, held %v", s.pairs, s.compared, s.equal, s.held[len(s.held)-2:])
}

// independentBits is what a reseed takes of independent noise, and what one sample of jitter counts for.
const independentBits = 256

// look judges one guest: it noticed, and its hold ended by independent noise, or at its bound, degraded.
func (s *tally) look(t *testing.T, guest told) {
	t.Helper()
	switch st := guest.Status; {
	case st.Generator.Clones == 0:
		t.Errorf("pair %d: a guest noticed nothing: %q", s.pairs, st.Log)
	case st.Generator.Unsettled != "":
		s.bounded++
	case jitter(st).Bits < s.jitter+independentBits:
		t.Errorf("pair %d: settled with %d bits of jitter, %d of them before the snapshot: %q", s.pairs, jitter(st).Bits, s.jitter, st.Log)
	}
	held, at := int64(0), 0
	later := slices.DeleteFunc(slices.Clone(guest.Replies), func(r reply) bool { return r.Sent+r.Took < guest.Parted })
	for i, r := range later {
		if r.Took > held {
			held, at = r.Took, i
		}
	}
	s.early += at
	s.held = append(s.held, time.Duration(held))
}
