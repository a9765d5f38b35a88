//go:build linux

// Package guests is a host full of QEMU guests that share one uid and take their random bytes from one daemon: bytes a
// second, waiting times, fairness, and a mail server's waiting times beside them.
//
// A guest is one connection that is kept. For what its guest asks of virtio-rng, QEMU sends read requests of command
// 2, of 255 bytes and a rest, each by a write of its own, and waits for none of them. Half of the guests never say a
// word: theirs have no driver. The daemon's limits and the rate of the third way are docs/recipes/libvirt.md's.
//
//	PRNGD_SYSTEM=1 go test -v ./test/guests -args -lasts 10s -write
//
// puts the figures into docs/sizing.md. Quiet the machine first: the guests have the second processor for themselves,
// and of two they are the slower side.
package guests

import (
	"encoding/json"
	"flag"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"prngd/test/harness"
)

var (
	all   = flag.Int("guests", 600, "how many: `N`")
	lasts = flag.Duration("lasts", time.Second, "how long they ask")
	write = flag.Bool("write", false, "put the figures into docs/sizing.md")
)

func TestMain(m *testing.M) { harness.Main(m, harness.Roles{"host": play}) }

const libvirt = 64055 // Debian's uid of libvirt-qemu: whose guests they are, if root asks

// start starts a daemon, on the first processor if there is a second one.
func start(t *testing.T, conf string) *harness.Daemon {
	o := harness.Options{Conf: conf, NoSeed: true, Args: []string{"--log-level", "warn"}}
	if taskset, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		o.By = []string{taskset, "-c", "0"}
	}
	return harness.Start(t, o)
}

// TestPlaceTooFew leaves a place too few: the last guest is closed, and that is seen.
func TestPlaceTooFew(t *testing.T) {
	harness.System(t)
	harness.Root(t, "the guests are another uid")
	d := start(t, fmt.Sprintf("max-connections 4096\nper-uid %d", *all-1))
	saw := measure(t, d, options{Size: 64, Lasts: 100 * time.Millisecond})
	if want := fmt.Sprintf("guest %d", *all); !strings.Contains(saw.Problem, want) {
		t.Errorf("expected %s to be closed: %q", want, saw.Problem)
	}
}

// TestGuests has a full host ask in three ways. None is closed, and none gets a byte too many or too few.
func TestGuests(t *testing.T) {
	harness.System(t)
	byRate := options{Lasts: *lasts} // the recipe's: bytes in a period
	_, found, _ := strings.Cut(harness.Block(t, "recipes/libvirt", "xml"), "<rate bytes='")
	if n, _ := fmt.Sscanf(found, "%d' period='%d'", &byRate.Size, &byRate.Period); n != 2 {
		t.Fatal("docs/recipes/libvirt.md has no rate")
	}
	byRate.Period *= time.Millisecond
	d := start(t, harness.Block(t, "recipes/libvirt", "prngd.conf"))
	rows := ""
	for _, o := range []options{
		{Size: 64, Lasts: *lasts},   // as Linux's virtio-rng asks
		{Size: 4096, Lasts: *lasts}, // as others may
		byRate,
	} {
		f := measure(t, d, o)
		if f.Problem != "" {
			d.Fatalf("%s", f.Problem)
		}
		harness.Figure(t, "%d guests, none closed, all in step: %s", *all, f.row(o))
		rows += f.row(o) + "\n"
	}
	if *write {
		writeTable(t, rows)
	}
}

// writeTable puts the rows into docs/sizing.md, between its two lines.
func writeTable(t *testing.T, rows string) {
	const sizing = "../../docs/sizing.md"
	table := fmt.Sprintf("\n\n%d guests of one uid on %d processors, load average %.4s; %d say nothing, the others ask for\n\n"+
		"| what | all get | each | fairness | it takes, p50, p99, max | daemon, of a processor | p99 of a mail server beside them |\n"+
		"|---|---|---|---|---|---|---|\n%s\n", *all, runtime.NumCPU(), harness.ReadFile(t, "/proc/loadavg"), *all/2, rows)
	between := regexp.MustCompile(`(?s)(<!-- guests: .*? -->).*(<!-- guests: to here)`)
	text := between.ReplaceAllString(harness.ReadFile(t, sizing), "${1}"+strings.ReplaceAll(table, "$", "$$")+"${2}")
	harness.WriteFile(t, sizing, text, 0o644)
}

// measure has guests played beside a mail server.
func measure(t *testing.T, d *harness.Daemon, o options) (f figures) {
	t.Helper()
	o.All, o.Silent = *all, *all/2
	f.alone = mail(t, d, min(o.Lasts, 2*time.Second))
	told, err := json.Marshal(o)
	harness.Must(t, err)
	host := d.Play("host", libvirt, 0, string(told))
	before := harness.CPU(d.PID)
	host.Begin()
	f.beside = mail(t, d, o.Lasts)
	harness.Must(t, host.End(&f.played))
	f.cpu = harness.CPU(d.PID) - before
	return f
}

// mail is Postfix's tlsmgr, but for its pauses: 32 bytes by command 1 on one connection, every 10 ms.
func mail(t *testing.T, d *harness.Daemon, lasts time.Duration) harness.Digest {
	t.Helper()
	kind := harness.Kind{Name: "mail", N: 1, Turn: harness.Postfix, Pause: harness.Every(10 * time.Millisecond)}
	server := harness.NewCrowd(d, []harness.Kind{kind}, 1).Start()
	time.Sleep(lasts)
	for _, problem := range server.Lift(harness.Patience) {
		d.Fatalf("the mail server: %s", problem)
	}
	return server.Tally.Digest("mail")
}

// figures are what one way of asking came to.
type figures struct {
	played
	cpu           time.Duration  // of the daemon
	beside, alone harness.Digest // what a mail server waits
}

// row is a line of the table in docs/sizing.md.
func (f figures) row(o options) string {
	way := fmt.Sprintf("%d bytes, again and again", o.Size)
	if o.Period > 0 {
		way = fmt.Sprintf("%d bytes every %s", o.Size, o.Period)
	}
	var sum int64
	for _, n := range f.Each {
		sum += n
	}
	rate := func(bytes int64) string { return perSecond(float64(bytes) / f.Took.Seconds()) }
	return fmt.Sprintf("| %s | %s | %s to %s | %.4f | %s, %s, %s | %.0f %% | %s; alone %s |", way,
		rate(sum), rate(slices.Min(f.Each)), rate(slices.Max(f.Each)), jain(f.Each),
		harness.Millis(f.Waits.P50), harness.Millis(f.Waits.P99), harness.Millis(f.Waits.Max),
		100*f.cpu.Seconds()/f.Took.Seconds(), harness.Millis(f.beside.P99), harness.Millis(f.alone.P99))
}

// perSecond is a rate for people, in SI units.
func perSecond(rate float64) string {
	switch {
	case rate < 1e3:
		return fmt.Sprintf("%.1f B/s", rate)
	case rate < 1e6:
		return fmt.Sprintf("%.1f kB/s", rate/1e3)
	}
	return fmt.Sprintf("%.1f MB/s", rate/1e6)
}

// jain is Jain's index of fairness (R. Jain, D. Chiu, W. Hawe, DEC-TR-301, 1984): 1 when all got the same, 1/n when one
// got everything, and 0 when nobody got anything.
func jain(each []int64) float64 {
	var sum, squares float64
	for _, x := range each {
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	return sum * sum / max(1, float64(len(each))*squares)
}

// TestJain compares Jain's index with values by hand.
func TestJain(t *testing.T) {
	for want, each := range map[float64][]int64{1: {7, 7, 7, 7}, 0.25: {9, 0, 0, 0}, 0.8: {1, 3}, 0: {0, 0}} {
		if got := jain(each); got != want {
			t.Errorf("jain of %v: %v, expected %v", each, got, want)
		}
	}
}
