//go:build linux

package hostile

import "bytes"

// attack is one way to be hostile.
type attack struct {
	name  string
	do    func(*assault) // in a process of its own, until told to stop
	wrong func(*sight)   // what the daemon did and must not; nil: nothing special
	conf  string         // lines of prngd.conf
	shell string         // what a shell does to itself that the daemon shall inherit
	tcp   bool           // the daemon listens on a port as well
	users bool           // comes as several users
}

// attacks are all of them. Floods are 200 connections, or more.
var attacks = []attack{
	{name: "none", do: (*assault).stand}, // peace, to compare with
	{name: "processors", do: spin},
	{name: "slow", do: slow, wrong: slowWrong},
	{name: "deaf", do: deaf, wrong: deafWrong},
	{name: "storm", do: storm},
	{name: "tcp", tcp: true, do: halves, wrong: halvesWrong},
	{name: "leavers", do: leavers, wrong: leaversWrong},
	{name: "descriptors", shell: "ulimit -n 64 && ", users: true, do: hoard, wrong: hoardWrong},
	{name: "cap", conf: "max-connections 400", users: true, do: hoard, wrong: capWrong},
	{name: "places", conf: "max-connections 400", users: true, do: crowd, wrong: crowdWrong},
	{name: "addresses", conf: "max-connections 400", tcp: true, users: true, do: addresses, wrong: addressesWrong},
	{name: "garbage", do: garbage},
	{name: "unknown", do: unknown, wrong: unknownWrong},
	{name: "writes", do: flood(200, nobody, "writes/s", 2100, 0, gifts()), wrong: writesWrong},
	{name: "levels", do: flood(200, rascal, "levels/s", 4096, 4*4096, make([]byte, 4096))},
	{name: "pipelines", do: flood(200, rascal, "reads/s", 2000, 2000*255, bytes.Repeat([]byte{2, 255}, 2000))},
	{name: "askers", do: flood(1000, rascal, "reads/s", 1, 255, []byte{2, 255})},
	{name: "control", conf: "status CONTROL mode=0666", users: true, do: admins, wrong: adminsWrong},
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
