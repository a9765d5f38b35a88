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
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"prngd/test/harness"
)

var (
	length = flag.Duration("length", 2*time.Minute, "how long the load lasts")
	crowd  = flag.Int("clients", 1000, "how many clients: `N`")
	late   = flag.Duration("late", 10*time.Second, "a reply that takes longer, beside ten times what the machine itself is late, is a failure; Postfix waits ten seconds")
	seed   = flag.Uint64("seed", uint64(time.Now().UnixNano()), "`NUMBER` that the clients' pauses and choices come from")
	plot   = flag.String("plot", "", "`FILE` for the curves, SVG")
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// The parts of a run. Upgrades replace the whole program, and would hide what it leaks: so the rest of the run goes
// without, but for one at its end.
const (
	changing = 0.4 // upgrades among everything else
	settling = 0.5 // from here on it has to be steady

	lastUpgrade = 5 * time.Second // before the end
)

// run is one daemon and its load.
type run struct {
	*harness.Daemon
	t        *testing.T
	crowd    *harness.Crowd
	mood     mood
	length   time.Duration
	egdquery string
}

func (d *run) path(name string) string { return filepath.Join(d.Dir, name) }

// logf logs, if this is a test and not one of the test's own.
func (d *run) logf(format string, args ...any) {
	if d.t != nil {
		d.t.Logf(format, args...)
	}
}

// replace puts text in the place of a file, in one step: nobody reads half of it.
func (d *run) replace(name, text string, mode os.FileMode) error {
	next := d.path(name + ".next")
	if err := os.WriteFile(next, []byte(text), mode); err != nil {
		return err
	}
	return os.Rename(next, d.path(name))
}

// install puts a copy of one file in the place of another.
func (d *run) install(from, name string) error {
	text, err := os.ReadFile(d.path(from))
	if err != nil {
		return err
	}
	info, err := os.Stat(d.path(from))
	if err != nil {
		return err
	}
	return d.replace(name, string(text), info.Mode())
}

// TestSoak is the run. It starts the daemon as root, which becomes the user prngd, or daemon where there is no such
// user, and runs its commands as a third one.
func TestSoak(t *testing.T) {
	harness.System(t)
	harness.Root(t, "only root may count the descriptors of a daemon that nobody may look into")
	d := prepare(t)
	t.Logf("%d clients for %v, -seed %d", *crowd, d.length, *seed)
	w := newWatcher(d)
	before, err := w.settled()
	if err != nil {
		t.Fatal(err)
	}
	d.crowd = harness.StartCrowd(d.Target, harness.Kinds(*crowd), rand.New(rand.NewPCG(*seed, 1)))
	admin := newAdmin(d, rand.New(rand.NewPCG(*seed, 2)))
	w.begin()
	if err := admin.work(d.length, w); err != nil {
		d.Fatalf("%v", err)
	}
	d.crowd.Lift()
	after, err := w.returned(before)
	if err != nil {
		t.Fatal(err)
	}
	harness.Figure(t, "descriptors: %d before the load, %d after it", len(before), len(after))
	problems := append(d.verdict(admin, w), before.left(after)...)
	if err := w.draw(*plot); err != nil {
		t.Error(err)
	}
	problems = append(problems, d.zombies()...)
	d.Stop()
	problems = append(problems, d.orphans()...)
	for _, p := range problems {
		t.Error(p)
	}
	if t.Failed() {
		t.Log(d.Logged())
	}
}

// prepare lays out the daemon's files, starts it, and is the EGD upstream of it. What the daemon may write lies
// apart, in run: the user that it becomes owns that, and nothing else.
func prepare(t *testing.T) *run {
	dir := harness.Dir(t)
	d := &run{t: t, length: *length, egdquery: harness.Egdquery(t), Daemon: &harness.Daemon{Dir: dir}}
	owner, err := user.Lookup("prngd")
	if err != nil {
		if owner, err = user.Lookup("daemon"); err != nil {
			t.Skip(err)
		}
	}
	uid, _ := strconv.Atoi(owner.Uid)
	if err := os.Mkdir(dir+"/run", 0o755); err != nil {
		t.Fatal(err)
	}
	harness.WriteFile(t, dir+"/run/exchange", string(make([]byte, 1024)), 0o600)
	for _, path := range []string{dir + "/run", dir + "/run/exchange"} {
		if err := os.Chown(path, uid, -1); err != nil {
			t.Skip(err)
		}
	}
	for i := range 2 {
		copyFile(t, harness.PrngdVersion(t, fmt.Sprint(".", i)), fmt.Sprintf("%s/program.%d", dir, i))
	}
	copyFile(t, dir+"/program.0", dir+"/prngd")
	copyFile(t, "/bin/true", dir+"/broken")
	port := harness.FreePort(t)
	// The commands' children are known by the name of the program, which no other run has.
	if sleep, err := exec.LookPath("sleep"); err != nil || os.Symlink(sleep, dir+"/sleep") != nil {
		t.Fatal("no sleep")
	}
	harness.WriteFile(t, dir+"/moody", strings.ReplaceAll(moody, "DIR", dir), 0o644)
	harness.WriteFile(t, dir+"/mood", "works\n", 0o644)
	first := strings.NewReplacer("DIR", dir, "PORT", strconv.Itoa(port), "USER", owner.Username).Replace(conf)
	changed := strings.Replace(strings.ReplaceAll(first, "every=2s", "every=1s"), `"date" /bin/date 0.02`, `"uptime" /usr/bin/uptime 0.5`, 1) + more
	for name, text := range map[string]string{"first": first, "changed": strings.ReplaceAll(changed, "DIR", dir), "wrong": changed + "per-uid many\n"} {
		harness.WriteFile(t, dir+"/conf."+name, text, 0o644)
	}
	upstream, err := d.serveUpstream()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { upstream.Close() })
	d.Daemon = harness.Start(t, harness.Options{Dir: dir, Run: dir + "/run", Conf: first, Program: dir + "/prngd"})
	d.TCP = fmt.Sprintf("localhost:%d", port)
	d.Log = dir + "/run/log"
	return d
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	harness.WriteFile(t, to, string(text), 0o755)
}

// conf is the configuration at first; the changed one has more as well.
const (
	conf = `listen tcp/localhost:PORT
status DIR/run/status.sock
seedfile DIR/run/seed
log target=file:DIR/run/log
exchange DIR/run/exchange every=2s
user USER
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

// zombies are dead children that the daemon has not waited for.
func (d *run) zombies() (problems []string) {
	for line := range strings.Lines(harness.Run(d.t, "ps", "-e", "-o", "ppid=,stat=,comm=")) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == strconv.Itoa(d.PID) && strings.HasPrefix(f[1], "Z") {
			problems = append(problems, "a child was never waited for: "+line)
		}
	}
	return problems
}

// orphans are commands that outlive the daemon.
func (d *run) orphans() (problems []string) {
	var left string
	err := harness.Await(func() bool {
		left = ""
		for line := range strings.Lines(harness.Run(d.t, "ps", "-A", "-o", "args=")) {
			if strings.Contains(line, d.path("moody")) || strings.HasPrefix(line, d.path("sleep")) {
				left += line
			}
		}
		return left == ""
	})
	if err != nil {
		problems = []string{"commands outlive the daemon: " + left}
	}
	return problems
}
