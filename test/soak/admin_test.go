//go:build linux

package soak

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

// The parts of a run. Upgrades replace the whole program, and would hide what it leaks: so the rest of the run goes
// without, but for one at its end.
const (
	changing = 0.4 // upgrades among everything else
	settling = 0.5 // from here on it has to be steady

	lastUpgrade = 5 * time.Second // before the end
)

// chore is something done again and again.
type chore struct {
	name  string
	every time.Duration
	do    func(n int) error // for the n-th time, from 0
	due   time.Duration
	n     int
}

// work does its chores, one after the other, until the time is over, and leaves the daemon as it was found.
func (d *run) work(w *watcher) {
	pace := func(part, least, most time.Duration) time.Duration { return min(max(w.length/part, least), most) }
	verb := func(verb string) func(int) error { return func(int) error { return d.verb(verb) } }
	upgrades := &chore{name: "upgrade", every: pace(100, 4*time.Second, 20*time.Second), do: d.upgrade}
	chores := []*chore{
		upgrades,
		{name: "reload", every: pace(100, 3*time.Second, 10*time.Second), do: d.reload},
		{name: "mood", every: pace(100, 4*time.Second, 15*time.Second), do: func(n int) error { return d.feel(moods[(n+1)%len(moods)]) }},
		{name: "save", every: 5 * time.Second, do: verb(control.Save)},
		{name: "reseed", every: 5 * time.Second, do: verb(control.Reseed)},
		{name: "stir", every: 7 * time.Second, do: d.stir},
		{name: "status", every: pace(1200, 500*time.Millisecond, 5*time.Second), do: w.sample},
	}
	for now := time.Duration(0); now < w.length; now = time.Since(w.began) {
		if now > time.Duration(changing*float64(w.length)) {
			upgrades.due = max(upgrades.due, w.length-lastUpgrade)
		}
		next := slices.MinFunc(chores, func(a, b *chore) int { return cmp.Compare(a.due, b.due) })
		time.Sleep(next.due - now)
		if err := next.do(next.n); err != nil {
			d.t.Errorf("%s at %s: %v", next.name, time.Now().Format(time.TimeOnly), err)
		}
		next.n++
		next.due = max(next.due, time.Since(w.began)-next.every/2) + next.every
	}
	if err := errors.Join(d.feel(moods[0]), d.configure("first"), d.verb(control.Reload)); err != nil {
		d.t.Error(err)
	}
	done := ""
	for _, c := range chores {
		done += fmt.Sprintf("%s %d, ", c.name, c.n)
	}
	harness.Figure(d.t, "chores: %s%d programs took over", done, d.upgraded)
	if d.upgraded == 0 {
		d.t.Error("there was no upgrade")
	}
}

func (d *run) verb(verb string) error { _, err := d.Ask(verb); return err }

// signalOrAsk does it one way or the other.
func (d *run) signalOrAsk(s syscall.Signal, verb string) error {
	if d.choice.IntN(2) == 0 {
		return syscall.Kill(d.PID, s)
	}
	return d.verb(verb)
}

// refused wants a refusal.
func (d *run) refused(verb string) error {
	err := d.verb(verb)
	var said *control.RefusedError
	if errors.As(err, &said) && !said.Denied {
		return nil
	}
	return fmt.Errorf("expected to be refused, got %v", err)
}

// upgrade puts the other of two programs in the place of the one that runs; each fifth time one that cannot take over,
// which the daemon has to refuse.
func (d *run) upgrade(n int) error {
	program := func(later int) string { return fmt.Sprintf("program.%d", (d.upgraded+later)%2) }
	if n%5 == 4 {
		return errors.Join(d.install("broken"), d.refused(control.Upgrade), d.install(program(0)))
	}
	if err := d.install(program(1)); err != nil {
		return err
	}
	if err := d.signalOrAsk(syscall.SIGUSR2, control.Upgrade); err != nil {
		return err
	}
	d.upgraded++
	return harness.Await(func() bool {
		r, err := d.Ask(control.Status)
		return err == nil && int(r.Process.Upgrades) == d.upgraded
	})
}

func (d *run) install(program string) error {
	text, err := os.ReadFile(d.Dir + "/" + program)
	if err != nil {
		return err
	}
	return d.replace("prngd", string(text), 0o755)
}

// reload has the daemon read a changed configuration, the first one again, and one that it must refuse, in turns.
func (d *run) reload(n int) error {
	switch n % 3 {
	case 0:
		return errors.Join(d.configure("changed"), d.signalOrAsk(syscall.SIGHUP, control.Reload))
	case 1:
		return errors.Join(d.configure("wrong"), d.refused(control.Reload), d.configure("changed"))
	}
	return errors.Join(d.configure("first"), d.signalOrAsk(syscall.SIGHUP, control.Reload))
}

func (d *run) configure(name string) error { return d.replace("prngd.conf", d.confs[name], 0o644) }

// stir is tlsmgr at the exchange file, as the user that owns it.
func (d *run) stir(int) error {
	uid := uint32(harness.UID(d.t, "daemon"))
	cmd := exec.Command(harness.Egdquery(d.t), "-s", d.Socket, "exchange", "stir", d.Dir+"/run/exchange")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return err
}

// moods are how the sources of the daemon behave, in the order in which they come: each fault is followed by a
// recovery. The sources are a command of its prngd.conf, which reads the mood from a file, and the EGD that we are to
// it.
var moods = []string{"works", "fails", "works", "hangs", "works", "chatters", "works", "orphans", "works", "dies"}

// feel is the next mood.
func (d *run) feel(mood string) error {
	d.mood.Store(mood)
	return d.replace("mood", mood+"\n", 0o644)
}

// serveUpstream is an EGD in that mood.
func (d *run) serveUpstream() {
	path := d.Dir + "/upstream"
	l, err := net.Listen("unix", path)
	harness.Must(d.t, err)
	d.t.Cleanup(func() { l.Close() })
	harness.Must(d.t, os.Chmod(path, 0o777)) // the daemon is another user
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go d.answer(c)
		}
	}()
}

// answer plays one conversation.
func (d *run) answer(c net.Conn) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, 2)); err != nil {
		return
	}
	sample := make([]byte, 65)
	sample[0] = 64
	time.Now().AppendFormat(sample[1:1], time.RFC3339Nano)
	switch d.mood.Load() {
	case "works":
		c.Write(sample)
	case "fails":
		c.Write([]byte{255})
	case "hangs":
		io.Copy(io.Discard, c) // until the daemon has had enough
	case "chatters":
		for err := error(nil); err == nil; {
			_, err = c.Write(bytes.Repeat([]byte{1, 'x'}, 2000))
		}
	case "orphans":
		c.Write(sample[:30])
	}
}
