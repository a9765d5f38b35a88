//go:build linux

package hostile

// attack is one way to be hostile.
type attack struct {
	name, about string
	conf        string // lines of prngd.conf
	files       int    // the daemon's RLIMIT_NOFILE; 0: ours
	tcp         bool   // the daemon listens on a port as well
	users       bool   // comes as several users
	cgroup      bool   // the daemon lives in the memory cgroup

	do    func(*assault)       // in a process of its own, until told to stop
	wrong func(sight) []string // what the daemon did and must not; nil: nothing special
}

// attacks are all of them.
var attacks = []attack{
	{name: "none", about: "peace, to compare with", do: func(a *assault) { a.stand() }},
	{name: "processors", about: "two loops that keep the processors busy and leave the daemon alone", do: spin},
	{name: "slow", about: "2,000 half requests, half of which grow by a byte now and then", do: slow, wrong: slowWrong},
	{name: "deaf", about: "500 connections that ask for 10 MB each and read nothing", do: deaf, wrong: deafWrong},
	{name: "storm", about: "2,000 connections a second", do: storm},
	{name: "tcp", about: "TCP connections half closed, reset, and left in the middle of a request", tcp: true, do: halves, wrong: halvesWrong},
	{name: "leavers", about: "connections that begin a request and go", do: leavers, wrong: leaversWrong},
	{name: "descriptors", about: "one uid with all it can get where RLIMIT_NOFILE is 64", files: 64, users: true, do: hoard, wrong: hoardWrong},
	{name: "cap", about: "one uid at its own limit, connecting again", conf: "max-connections 400", users: true, do: hoard, wrong: capWrong},
	{name: "places", about: "three uids with all the places there are", conf: "max-connections 400", users: true, do: crowd, wrong: crowdWrong},
	{name: "addresses", about: "a uid that comes by TCP from 2,000 addresses of this host", conf: "max-connections 400", tcp: true, users: true, do: addresses, wrong: addressesWrong},
	{name: "garbage", about: "random bytes, over and over", do: garbage},
	{name: "unknown", about: "unknown commands, each on a new connection", do: unknown, wrong: unknownWrong},
	{name: "writes", about: "200 connections of user nobody's writes that claim all they can", do: writes, wrong: writesWrong},
	{name: "levels", about: "200 connections with 4,096 requests of one byte each at a time", do: levels},
	{name: "pipelines", about: "200 connections that always have 2,000 reads under way", do: pipelines},
	{name: "askers", about: "1,000 connections that ask one after another", do: askers},
	{name: "control", about: "the control socket: huge, slow, idle and many, where its mode lets all in", conf: "status CONTROL mode=0666", users: true, do: admins, wrong: adminsWrong},
	{name: "locked", about: "the control socket with the mode it has by itself", users: true, do: locked},
	{name: "memory", about: "deaf ones where the daemon and its sockets have 64 MiB in all", cgroup: true, do: deaf, wrong: deafWrong},
}

// The users that come. The numbers are nobody's on any machine, but for user nobody.
const (
	nobody   = 65534
	rascal   = 70000  // attackers: this one, and those after it
	newcomer = 70100  // and those after it: they come for the first time
	keeper   = 70200  // the well-behaved users: of kept connections
	comer    = 100000 // and of new ones, each another
)
