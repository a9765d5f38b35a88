package server

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// member is one connection of the model: all the model knows of it.
type member struct {
	place *place
	payer payer
	since instant
	spoke bool
}

// TestLimitsAgainstModel plays random arrivals, first commands and departures,
// and checks every decision against design rules stated as plainly as can be.
func TestLimitsAgainstModel(t *testing.T) {
	payers := []payer{{uid: 0}, {uid: 1}, {uid: 2}, {uid: -1},
		{uid: -2, addr: netip.MustParseAddr("192.0.2.1")}, {uid: -2, addr: netip.MustParseAddr("192.0.2.2")}}
	seen := map[verdict]int{}
	evictions := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		max, per := 1+r.IntN(40), 1+r.IntN(20)
		l := newLimits(max, per)
		var model []member
		now := instant(1)
		for range 400 {
			now = now.after(time.Duration(r.IntN(10)) * time.Second)
			if r.IntN(3) == 0 && len(model) > 0 {
				i := r.IntN(len(model))
				if r.IntN(2) == 0 {
					l.spoke(model[i].place)
					model[i].spoke = true
				} else {
					l.release(model[i].place)
					model = append(model[:i], model[i+1:]...)
				}
				continue
			}
			p := payers[r.IntN(len(payers))]
			want, after := decide(model, p, now, max, per)
			got, evicted, v := l.admit(p, now)
			if v != want || len(evicted) != len(model)-len(after) {
				t.Fatalf("seed %d: %+v is verdict %d with %d evicted, want %d with %d", seed, p, v, len(evicted), want, len(model)-len(after))
			}
			for _, e := range evicted {
				if contains(after, e) {
					t.Fatalf("seed %d: evicted one that must stay", seed)
				}
				l.release(e) // as its connection does when it ends
			}
			model = after
			if v == admitted {
				model = append(model, member{got, p, now, false})
			}
			seen[v]++
			evictions += len(evicted)
			if l.places != len(model) || len(model) > max {
				t.Fatalf("seed %d: %d places for %d connections", seed, l.places, len(model))
			}
		}
	}
	if len(seen) != 4 || evictions == 0 {
		t.Errorf("the test saw verdicts %v and %d evictions", seen, evictions)
	}
}

// decide is the rule: what becomes of a newcomer of p, and who remains.
func decide(model []member, p payer, now instant, max, per int) (verdict, []member) {
	var after []member
	if count(model, p) >= per && p.uid != -1 {
		for _, m := range model {
			if m.payer != p || m.spoke || time.Duration(now-m.since) <= time.Minute {
				after = append(after, m)
			}
		}
		if count(after, p) >= per {
			return refusedPerPayer, after
		}
	} else {
		after = append(after, model...)
	}
	reserve := min(64, max/4)
	switch {
	case len(after) >= max:
		return full, after
	case len(after) >= max-reserve && p.uid != 0 && (p.uid == -2 || count(after, p) > 0):
		return refusedReserved, after
	}
	return admitted, after
}

func count(model []member, p payer) (n int) {
	for _, m := range model {
		if m.payer == p {
			n++
		}
	}
	return n
}

func contains(model []member, p *place) bool {
	for _, m := range model {
		if m.place == p {
			return true
		}
	}
	return false
}

func TestDefaultLimits(t *testing.T) {
	l := newLimits(0, 0)
	if l.max != 16384 || l.perPayer != 8192 {
		t.Errorf("defaults are %d and %d", l.max, l.perPayer)
	}
	if l.set(960, 0); l.perPayer != 480 {
		t.Errorf("half of 960 is %d", l.perPayer)
	}
}

// Who can have many addresses has them counted as one.
func TestTCPPayers(t *testing.T) {
	same := func(a, b string) bool { return payerOf(netip.MustParseAddr(a)) == payerOf(netip.MustParseAddr(b)) }
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"127.0.0.1", "127.200.3.4", true},
		{"127.0.0.1", "::1", true},
		{"127.0.0.1", "192.0.2.1", false},
		{"2001:db8::1", "2001:db8::ffff:1:2", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if same(c.a, c.b) != c.want {
			t.Errorf("%s and %s are one payer: %v, expected %v", c.a, c.b, !c.want, c.want)
		}
	}
}

// A lowered limit closes nobody.
func TestLoweredLimit(t *testing.T) {
	l := newLimits(10, 10)
	for range 8 {
		if p, _, v := l.admit(payer{uid: 0}, 1); v != admitted {
			t.Fatal(v)
		} else {
			l.spoke(p)
		}
	}
	l.set(4, 2)
	if _, evicted, v := l.admit(payer{uid: 0}, instant(time.Hour)); v != refusedPerPayer || len(evicted) > 0 {
		t.Errorf("verdict %d, %d evicted", v, len(evicted))
	}
	if l.places != 8 {
		t.Errorf("%d places", l.places)
	}
}
