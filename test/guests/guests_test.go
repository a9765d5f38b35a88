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
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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
	_, err := measure(t, options{d.Socket, d.PID, *all, *all / 2, 64, 0, 100 * time.Millisecond})
	if want := fmt.Sprintf("guest %d", *all); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("expected %s to be closed: %v", want, err)
	}
}

// TestGuests has a full host ask in three ways. None is closed, and none gets a byte too many or too few.
func TestGuests(t *testing.T) {
	harness.System(t)
	bytes, period := rate(t)
	d := start(t, harness.Block(t, "recipes/libvirt", "prngd.conf"))
	rows := ""
	for _, o := range []options{
		{Size: 64},   // as Linux's virtio-rng asks
		{Size: 4096}, // as others may
		{Size: bytes, Period: period},
	} {
		o.Address, o.PID, o.All, o.Silent, o.Lasts = d.Socket, d.PID, *all, *all/2, *lasts
		f, err := measure(t, o)
		if err != nil {
			d.Fatalf("%v", err)
		}
		harness.Figure(t, "%d guests, none closed, all in step: %s", *all, f.row(o))
		rows += f.row(o) + "\n"
	}
	if *write {
		writeTable(t, rows)
	}
}

// rate is the recipe's: bytes in a period.
func rate(t *testing.T) (int, time.Duration) {
	found := regexp.MustCompile(`<rate bytes='(\d+)' period='(\d+)'`).FindStringSubmatch(harness.Block(t, "recipes/libvirt", "xml"))
	if found == nil {
		t.Fatal("docs/recipes/libvirt.md has no rate")
	}
	bytes, _ := strconv.Atoi(found[1])
	ms, _ := strconv.Atoi(found[2])
	return bytes, time.Duration(ms) * time.Millisecond
}

// writeTable puts the rows into docs/sizing.md, between its two lines.
func writeTable(t *testing.T, rows string) {
	const sizing = "../../docs/sizing.md"
	table := fmt.Sprintf("\n\n%d guests of one uid on %d processors, load average %.4s; %d say nothing, the others ask for\n\n"+
		"| what | all get | each | fairness | it takes, p50, p99, max | daemon, of a processor | p99 of a mail server beside them |\n"+
		"|---|---|---|---|---|---|---|\n%s\n", *all, runtime.NumCPU(), harness.ReadFile(t, "/proc/loadavg"), *all/2, rows)
	between := regexp.MustCompile(`(?s)(<!-- guests: .*? -->).*(<!-- guests: to here)`)
	harness.WriteFile(t, sizing, between.ReplaceAllString(harness.ReadFile(t, sizing), "${1}"+strings.ReplaceAll(table, "$", "$$")+"${2}"), 0o644)
}

// measure has guests played beside a mail server.
func measure(t *testing.T, o options) (f figures, err error) {
	if f.alone, err = mail(o.Address, min(o.Lasts, 2*time.Second)); err != nil {
		return f, err
	}
	told, err := json.Marshal(o)
	harness.Must(t, err)
	host, err := harness.Play(t, "host", libvirt, 0, string(told))
	if err != nil {
		return f, err
	}
	before := harness.CPU(o.PID)
	host.Begin()
	f.beside, err = mail(o.Address, o.Lasts)
	if err := errors.Join(err, host.End(&f.played)); err != nil {
		return f, err
	}
	if f.Problem != "" {
		return f, errors.New(f.Problem)
	}
	f.cpu = harness.CPU(o.PID) - before
	return f, nil
}

// mail is Postfix's tlsmgr, but for its pauses: 32 bytes by command 1 on one connection, every 10 ms.
func mail(address string, lasts time.Duration) (harness.Digest, error) {
	fd, err := harness.Connect(address)
	if err != nil {
		return harness.Digest{}, err
	}
	defer unix.Close(fd)
	var waits []time.Duration
	reply := make([]byte, 64)
	for begin := time.Now(); time.Since(begin) < lasts; time.Sleep(10 * time.Millisecond) {
		asked := time.Now()
		if _, err := unix.Write(fd, []byte{1, 32}); err != nil {
			return harness.Digest{}, err
		}
		n, err := unix.Read(fd, reply)
		if err != nil || n != 33 || reply[0] != 32 { // as tlsmgr: all of it in one read
			return harness.Digest{}, fmt.Errorf("the mail server got %d bytes, expected 33 in one piece: %w", n, err)
		}
		waits = append(waits, time.Since(asked))
	}
	return harness.DigestOf(waits), nil
}
