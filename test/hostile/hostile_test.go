//go:build linux

// Package hostile attacks a daemon in every way of a table, and tells what a well-behaved client saw meanwhile.
//
// Each attack meets a daemon of its own. The client asks 500 times a second, as Postfix and QEMU do, over connections
// that it keeps and over new ones. As root the attackers and the client are users of their own, and there is a network
// to come from. A test fails if a reply was short, empty, wrong or missing, if a connection was closed that must stay,
// or if the daemon took more than it may. How long replies took is told and compared with 10 ms, but not judged: that
// is the machine's affair as well.
package hostile

import (
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"prngd/test/harness"
)

var (
	watched = flag.Duration("watch", 3*time.Second, "how long each attack is watched")
	nice    = flag.Int("nice", 10, "run the attackers at this `LEVEL`: they are many threads, and systems with groups of processes give a user no more for that")
)

func TestMain(m *testing.M) { harness.Main(m, roles) }

// TestAttacks makes one attack after another.
func TestAttacks(t *testing.T) {
	harness.System(t)
	t.Log(header)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { a.run(t, *watched) })
	}
}

// TestDropped watches the attackers that are dropped after 30 s for longer than that, and wants exactly that.
func TestDropped(t *testing.T) {
	harness.System(t)
	for _, name := range []string{"slow", "deaf", "tcp"} {
		t.Run(name, func(t *testing.T) { find(name).run(t, 40*time.Second) })
	}
}

// find returns the attack of that name.
func find(name string) attack {
	return attacks[slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })]
}

// run makes one attack, and fails the test for what must not have been.
func (a attack) run(t *testing.T, long time.Duration) {
	if a.users {
		harness.Root(t, "the attackers come as several users")
	}
	cgroup := ""
	if a.cgroup {
		if cgroup = memoryGroup(t); cgroup == "" || os.Getuid() != 0 {
			t.Skip("no memory cgroup can be made here")
		}
	}
	s := sight{attack: a}
	d := start(t, a, cgroup)
	client := play(t, 0, "client", append([]string{long.String()}, d.args()...)...)
	s.before = d.look(t)
	attacker := play(t, *nice, "attack", append([]string{a.name}, d.args()...)...)
	s.under = d.look(t)
	if err := client.End(&s.client); err != nil {
		t.Fatal(err)
	}
	slices.Sort(s.client.Took)
	s.after = d.look(t)
	if err := attacker.End(&s.result); err != nil {
		t.Fatal(err)
	}
	t.Log(s)
	for _, wrong := range s.judge() {
		t.Error(wrong)
	}
	d.Stop()
}

func play(t *testing.T, nice int, role string, args ...string) *harness.Player {
	t.Helper()
	p, err := harness.Play(t, role, 0, nice, args...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
