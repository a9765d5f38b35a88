//go:build linux

// Package hostile attacks a daemon in every way of a table, and tells what a well-behaved client saw meanwhile.
//
// Each attack meets a daemon of its own. The client asks 500 times a second, as Postfix and QEMU do, over connections
// that it keeps and over new ones. As root the attackers and the client are users of their own, and there is a network
// to come from. A test fails if a reply was short, empty, wrong or missing, if a connection was closed that must stay,
// or if the daemon took more than it may. How long replies took is told, but not judged: that is the machine's affair
// as well.
package hostile

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"prngd/test/harness"
)

var watched = flag.Duration("watch", 3*time.Second, "how long each attack is watched")

// nice is the attackers' level: they are many threads, and systems with groups of processes give a user no more for that.
const nice = 10

func TestMain(m *testing.M) { harness.Main(m, roles) }

// attack is one way to be hostile.
type attack struct {
	name  string
	do    func(*assault) // in a process of its own, until told to stop
	wrong func(*sight)   // what the daemon did and must not; nil: nothing special
	conf  string         // lines of prngd.conf
	shell string         // what a shell does to itself that the daemon shall inherit
	users bool           // comes as several users
}

// attacks are all of them. Floods are 200 connections, or more.
var attacks = []attack{
	{name: "none", do: (*assault).stand}, // peace, to compare with
	{name: "processors", do: spin},
	{name: "slow", do: slow, wrong: slowWrong},
	{name: "deaf", do: deaf, wrong: deafWrong},
	{name: "storm", do: besiege(1, harness.Kind{Name: "connections/s", N: 50, Turn: storm, Fresh: true, Pause: harness.Every(time.Second / 40)})}, // 2,000 a second,
	{name: "tcp", conf: "listen tcp/localhost:PORT", do: halves, wrong: halvesWrong},
	{name: "leavers", do: besiege(1, harness.Kind{Name: "connections/s", N: 20, Turn: leave, Fresh: true}), wrong: leaversWrong},
	{name: "descriptors", shell: "ulimit -n 64 && ", users: true, do: hoard, wrong: hoardWrong},
	{name: "cap", conf: "max-connections 400", users: true, do: hoard, wrong: capWrong},
	{name: "places", conf: "max-connections 400", users: true, do: crowd, wrong: crowdWrong},
	{name: "addresses", conf: "max-connections 400\nlisten tcp/localhost:PORT", users: true, do: addresses, wrong: addressesWrong},
	{name: "garbage", do: besiege(1, harness.Kind{Name: "connections/s", N: 50, Turn: garbage, Fresh: true})},
	{name: "unknown", do: besiege(1, harness.Kind{Name: "connections/s", N: 20, Turn: unknown, Fresh: true}), wrong: unknownWrong},
	{name: "writes", do: besiege(2100, harness.Kind{Name: "writes/s", N: 200, Turn: flood(0, gifts()), UID: nobody}), wrong: writesWrong},
	{name: "levels", do: besiege(4096, harness.Kind{Name: "levels/s", N: 200, Turn: flood(4*4096, make([]byte, 4096))})},
	{name: "pipelines", do: besiege(2000, harness.Kind{Name: "reads/s", N: 200, Turn: flood(2000*255, harness.ManyReads())})},
	{name: "askers", do: besiege(1, harness.Kind{Name: "reads/s", N: 1000, Turn: flood(255, []byte{2, 255})})},
	{name: "control", conf: "status DIR/status.sock mode=0666", users: true, do: admins, wrong: adminsWrong},
	{name: "locked", users: true, do: locked},
	{name: "memory", shell: "echo $$ >CGROUP/cgroup.procs && ", do: deaf, wrong: deafWrong}, // the daemon and its sockets have 64 MiB in all
}

// The users that come. The numbers are nobody's on any machine, but for user nobody.
const (
	nobody   = 65534
	rascal   = 70000  // attackers: this one, and those after it
	newcomer = 70100  // and those after it: they come for the first time
	keeper   = 70200  // the well-behaved users: of kept connections
	comer    = 100000 // and of new ones, each another
)

// TestAttacks makes one attack after another.
func TestAttacks(t *testing.T) {
	harness.System(t)
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
	s := &sight{attack: a}
	d := a.start(t)
	client := d.Play("client", 0, 0, long.String())
	s.before = look(t, d)
	attacker := d.Play("attack", 0, nice, a.name)
	harness.Must(t, client.End(&s.client))
	s.after = look(t, d)
	harness.Must(t, attacker.End(&s.result))
	t.Log(s)
	for _, wrong := range s.judge() {
		t.Error(wrong)
	}
	d.Stop()
}

// start starts a daemon for an attack.
func (a attack) start(t *testing.T) *harness.Daemon {
	if a.users {
		harness.Root(t, "the attackers come as several users")
	}
	shell := a.shell
	if strings.Contains(shell, "CGROUP") {
		shell = strings.ReplaceAll(shell, "CGROUP", memoryGroup(t))
	}
	// The jitter gatherer maps 32 MiB for a moment: no attacker's doing.
	return harness.Start(t, harness.Options{Conf: "gatherer jitter off\n" + a.conf, By: []string{"/bin/sh", "-c", shell + `exec "$@"`, "sh"}})
}

// memoryGroup makes a memory cgroup of 64 MiB, with either kind of cgroups: below our own, or at the top.
func memoryGroup(t *testing.T) string {
	harness.Root(t, "a memory cgroup is made")
	own, _ := os.ReadFile("/proc/self/cgroup")
	bases := []string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}
	for _, c := range regexp.MustCompile(`(?m)^\d+:(memory|):(.*)$`).FindAllStringSubmatch(string(own), -1) {
		bases = slices.Insert(bases, 0, filepath.Join("/sys/fs/cgroup", c[1], c[2]))
	}
	for _, base := range bases {
		group := filepath.Join(base, fmt.Sprintf("prngd-hostile.%d", os.Getpid()))
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(group) })
		for _, limit := range []string{"memory.limit_in_bytes", "memory.max"} {
			f, err := os.OpenFile(filepath.Join(group, limit), os.O_WRONLY, 0)
			if err != nil {
				continue
			}
			_, err = fmt.Fprintln(f, 64<<20)
			if f.Close(); err == nil {
				return group
			}
		}
	}
	t.Skip("no memory cgroup can be made here")
	return ""
}
