package server

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"prngd/internal/session"
)

// member is one connection of the model: all the model knows of it.
type member struct {
	slot  *slot
	key   quotaKey
	since session.Instant
	spoke bool
}

// TestLimitsAgainstModel plays random arrivals, first commands and departures,
// and checks every decision against design rules stated as plainly as can be.
func TestLimitsAgainstModel(t *testing.T) {
	keys := []quotaKey{{uid: 0}, {uid: 1}, {uid: 2}, {uid: -1},
		{uid: -2, addr: netip.MustParseAddr("192.0.2.1")}, {uid: -2, addr: netip.MustParseAddr("192.0.2.2")}}
	seen := map[verdict]int{}
	evictions := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		max, per := 1+r.IntN(40), 1+r.IntN(20)
		l := newLimits(max, per)
		var model []member
		now := session.Instant(1)
		for range 400 {
			now = now.After(time.Duration(r.IntN(10)) * time.Second)
			if r.IntN(3) == 0 && len(model) > 0 {
				i := r.IntN(len(model))
				if r.IntN(2) == 0 {
					l.commandReceived(model[i].slot)
					model[i].spoke = true
				} else {
					l.release(model[i].slot)
					model = append(model[:i], model[i+1:]...)
				}
				continue
			}
			k := keys[r.IntN(len(keys))]
			want, after := decide(model, k, now, max, per)
			got, evicted, v := l.admit(k, now)
			if v != want || len(evicted) != len(model)-len(after) {
				t.Fatalf("seed %d: %+v is verdict %d with %d evicted, want %d with %d", seed, k, v, len(evicted), want, len(model)-len(after))
			}
			for _, e := range evicted {
				if contains(after, e) {
					t.Fatalf("seed %d: evicted one that must stay", seed)
				}
				l.release(e) // as its connection does when it ends
			}
			model = after
			if v == admitted {
				model = append(model, member{got, k, now, false})
			}
			seen[v]++
			evictions += len(evicted)
			if l.slots != len(model) || len(model) > max {
				t.Fatalf("seed %d: %d slots for %d connections", seed, l.slots, len(model))
			}
		}
	}
	if len(seen) != 4 || evictions == 0 {
		t.Errorf("the test saw verdicts %v and %d evictions", seen, evictions)
	}
}

// decide is the rule: the verdict on a new connection of k, and the connections that remain.
func decide(model []member, k quotaKey, now session.Instant, max, per int) (verdict, []member) {
	var after []member
	if count(model, k) >= per && k.uid != -1 {
		for _, m := range model {
			if m.key != k || m.spoke || time.Duration(now-m.since) <= time.Minute {
				after = append(after, m)
			}
		}
		if count(after, k) >= per {
			return refusedPerKey, after
		}
	} else {
		after = append(after, model...)
	}
	reserve := min(64, max/4)
	switch {
	case len(after) >= max:
		return full, after
	case len(after) >= max-reserve && k.uid != 0 && (k.uid == -2 || count(after, k) > 0):
		return refusedReserved, after
	}
	return admitted, after
}

func count(model []member, k quotaKey) (n int) {
	for _, m := range model {
		if m.key == k {
			n++
		}
	}
	return n
}

func contains(model []member, s *slot) bool {
	for _, m := range model {
		if m.slot == s {
			return true
		}
	}
	return false
}

func TestDefaultLimits(t *testing.T) {
	l := newLimits(0, 0)
	if l.max != 16384 || l.perKey != 8192 {
		t.Errorf("defaults are %d and %d", l.max, l.perKey)
	}
	if l.set(960, 0); l.perKey != 480 {
		t.Errorf("half of 960 is %d", l.perKey)
	}
}

// A peer that can have many addresses has them counted as one.
func TestTCPQuotaKeys(t *testing.T) {
	same := func(a, b string) bool {
		return quotaKeyOf(netip.MustParseAddr(a)) == quotaKeyOf(netip.MustParseAddr(b))
	}
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
			t.Errorf("%s and %s are one key: %v, expected %v", c.a, c.b, !c.want, c.want)
		}
	}
}

// A lowered limit closes no connection.
func TestLoweredLimit(t *testing.T) {
	l := newLimits(10, 10)
	for range 8 {
		if p, _, v := l.admit(quotaKey{uid: 0}, 1); v != admitted {
			t.Fatal(v)
		} else {
			l.commandReceived(p)
		}
	}
	l.set(4, 2)
	if _, evicted, v := l.admit(quotaKey{uid: 0}, session.Instant(time.Hour)); v != refusedPerKey || len(evicted) > 0 {
		t.Errorf("verdict %d, %d evicted", v, len(evicted))
	}
	if l.slots != 8 {
		t.Errorf("%d slots", l.slots)
	}
}
