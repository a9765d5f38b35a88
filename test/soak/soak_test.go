//go:build linux

// Package soak keeps one daemon under a mixed load for a given time: does it wrong a client, repeat itself, or grow?
//
// A thousand clients of every kind, attackers among them, ask while the daemon is upgraded from one program to another
// and back, and to one that cannot take over; reloads changed and wrong configurations; saves, reseeds, is asked for
// its status; its exchange file is stirred by others; and a command and an upstream EGD fail, hang, print for ever,
// leave children behind, and recover. In the second half there is no upgrade, because a new program would hide what
// the old one leaks.
package soak

import (
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"prngd/test/harness"
)

var (
	length  = flag.Duration("length", 2*time.Minute, "how long the load lasts")
	clients = flag.Int("clients", 1000, "how many clients: `N`")
	seed    = flag.Uint64("seed", uint64(time.Now().UnixNano()), "`NUMBER` that the clients' pauses and choices come from")
	plot    = flag.String("plot", "", "`FILE` for the curves, SVG")
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// TestSoak is the run. It starts the daemon as root, which becomes the user daemon, and runs its commands as a third
// one.
func TestSoak(t *testing.T) {
	harness.System(t)
	harness.Root(t, "only root may count the descriptors of a daemon that nobody may look into")
	d := prepare(t)
	t.Logf("%d clients for %v, -seed %d", *clients, *length, *seed)
	before := d.settled()
	crowd := harness.NewCrowd(d.Daemon, harness.Kinds(*clients), *seed).Start()
	w := &watcher{run: d, length: *length, began: time.Now()}
	d.work(w)
	problems := crowd.Lift(10 * time.Second) // so long Postfix waits
	var after []string
	harness.Await(func() bool { after = harness.Descriptors(t, d.PID); return len(after) <= len(before) })
	harness.Figure(t, "descriptors: %d before the load, %d after it", len(before), len(after))
	if len(after) > len(before) {
		t.Errorf("descriptors before the load: %q, and after it: %q", before, after)
	}
	t.Logf("by kind of client:\n%s", crowd.Tally)
	harness.Figure(t, "%s; %s", crowd.Tally.Line("all"), crowd.Tally.Line("naps"))
	harness.Figure(t, "%v", crowd.Blocks)
	d.counted(w)
	for _, problem := range append(problems, w.grown(t.Logf)...) {
		t.Error(problem)
	}
	w.draw(*plot)
	if found := harness.Zombies(t, d.PID); found != nil {
		t.Errorf("children were never waited for: %q", found)
	}
	d.Stop()
	commands := strings.ReplaceAll(`(.*DIR/moody|DIR/sleep).*`, "DIR", d.Dir)
	if harness.Await(func() bool { return harness.Running(t, "args=", commands) == nil }) != nil {
		t.Errorf("commands outlive the daemon: %q", harness.Running(t, "args=", commands))
	}
	if t.Failed() {
		t.Log(d.Logged())
	}
}

// run is one daemon and what is beside it.
type run struct {
	*harness.Daemon
	t     *testing.T
	confs map[string]string // by name
	mood  atomic.Value      // of its sources

	choice   *rand.Rand
	upgraded int
}

// replace puts text in the place of a file, in one step: nobody reads half of it.
func (d *run) replace(name, text string, mode os.FileMode) error {
	path := d.Dir + "/" + name
	if err := os.WriteFile(path+".next", []byte(text), mode); err != nil {
		return err
	}
	return os.Rename(path+".next", path)
}

// prepare lays out the daemon's files, starts it, and is the EGD upstream of it. What the daemon may write lies
// apart, in run: the user that it becomes owns that, and nothing else.
func prepare(t *testing.T) *run {
	dir := harness.Dir(t)
	harness.Egdquery(t) // built before the load
	harness.Must(t, os.Mkdir(dir+"/run", 0o755))
	harness.WriteFile(t, dir+"/run/exchange", string(make([]byte, 1024)), 0o600)
	for _, path := range []string{dir + "/run", dir + "/run/exchange"} {
		if err := os.Chown(path, harness.UID(t, "daemon"), -1); err != nil {
			t.Skip(err)
		}
	}
	// The commands' children are known by the name of the program, which no other run has.
	for name, program := range map[string]string{
		"program.0": harness.PrngdVersion(t, ".0"), "program.1": harness.PrngdVersion(t, ".1"), "prngd": harness.PrngdVersion(t, ".0"),
		"broken": harness.Need(t, "true"), "sleep": harness.Need(t, "sleep"),
	} {
		harness.Run(t, "install", "-m", "755", program, dir+"/"+name)
	}
	harness.WriteFile(t, dir+"/moody", strings.ReplaceAll(moody, "DIR", dir), 0o644)
	d := &run{Daemon: &harness.Daemon{Dir: dir}, t: t, choice: rand.New(rand.NewPCG(*seed, 2))}
	harness.Must(t, d.feel(moods[0]))
	d.serveUpstream()
	d.Daemon = harness.Start(t, harness.Options{Dir: dir, Run: dir + "/run", Conf: conf, Program: dir + "/prngd"})
	d.Log = dir + "/run/log"
	first := harness.ReadFile(t, d.Conf)
	changed := strings.NewReplacer("every=2s", "every=1s", `"date" /bin/date 0.02`, `"uptime" /usr/bin/uptime 0.5`).Replace(first) +
		strings.ReplaceAll(more, "DIR", dir)
	d.confs = map[string]string{"first": first, "changed": changed, "wrong": changed + "per-uid many\n"}
	return d
}

// conf is the configuration at first; the changed one has more as well.
const (
	conf = `listen tcp/localhost:PORT
status DIR/run/status.sock
seedfile DIR/run/seed
log target=file:DIR/run/log
exchange DIR/run/exchange every=2s
user daemon
source egd:DIR/upstream credit=1
command-timeout 2s
gatherer net every=2s
"sh DIR/moody" /bin/sh 0.02
"date" /bin/date 0.02
"DIR/sleep 1000" DIR/sleep 0.02
"nothing" DIR/nothing 0.02
"w" undef 0.02
listen DIR/run/egd
`
	more = `listen DIR/run/second mode=0600
gatherer process off
per-uid 5000
`
	moody = `read -r mood <DIR/mood
case $mood in
works) date; ps ax | head ;;
fails) exit 3 ;;
hangs) exec DIR/sleep 1000 ;;
chatters) exec yes ;;
orphans) DIR/sleep 1000 & date ;;
dies) kill -9 $$ ;;
esac
`
)

// settled returns what the daemon's descriptors are before the load, when the first round of its commands is over: the
// fewest there are in two seconds.
func (d *run) settled() (least []string) {
	time.Sleep(4 * time.Second)
	for range 20 {
		if held := harness.Descriptors(d.t, d.PID); least == nil || len(held) < len(least) {
			least = held
		}
		time.Sleep(100 * time.Millisecond)
	}
	return least
}

// counted is what the daemon says of itself: its user, that there were attacks, and nothing that it should not say.
func (d *run) counted(w *watcher) {
	c, p := w.report.Clients, w.report.Process
	d.t.Logf("the daemon: uid %d, %s", w.report.UID, strings.Join(p.Sandbox, ", "))
	d.t.Logf("it counts: %d connections, %d time-outs, %d unknown commands, %d cut short, %d claims of credit denied, refused %v",
		c.Ever, c.Timeouts, c.Unknown, c.Partial, c.CreditDenied, c.Refused)
	if c.Short > 0 || c.Empty > 0 {
		d.t.Errorf("the daemon counts %d short and %d empty replies", c.Short, c.Empty)
	}
	if c.Unknown == 0 || c.Partial == 0 || c.Timeouts == 0 && w.length > 45*time.Second {
		d.t.Error("the attackers were not at work")
	}
}
