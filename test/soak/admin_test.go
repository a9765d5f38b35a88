//go:build linux

package soak

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

// admin works on the daemon all the time.
type admin struct {
	*run
	mood     *rand.Rand
	done     map[string]int
	failed   []string
	upgraded int
}

func newAdmin(d *run, mood *rand.Rand) *admin {
	return &admin{run: d, mood: mood, done: map[string]int{}}
}

// chore is something done again and again.
type chore struct {
	name  string
	every time.Duration
	do    func(*admin) error
	due   time.Duration
}

// work does its chores, one after the other, until the time is over.
func (a *admin) work(length time.Duration, w *watcher) error {
	pace := func(least, most time.Duration) time.Duration { return min(max(length/100, least), most) }
	chores := []chore{
		{name: "upgrade", every: pace(4*time.Second, 20*time.Second), do: (*admin).upgrade},
		{name: "reload", every: pace(3*time.Second, 10*time.Second), do: (*admin).reload},
		{name: "mood", every: pace(4*time.Second, 15*time.Second), do: (*admin).nextMood},
		{name: "save", every: 5 * time.Second, do: (*admin).save},
		{name: "reseed", every: 5 * time.Second, do: (*admin).reseed},
		{name: "stir", every: 7 * time.Second, do: (*admin).stir},
		{name: "status", every: w.every, do: func(*admin) error { return w.sample() }},
	}
	upgrades := &chores[0]
	began := time.Now()
	for now := time.Duration(0); now < length; now = time.Since(began) {
		if now > time.Duration(changing*float64(length)) {
			upgrades.due = max(upgrades.due, length-lastUpgrade)
		}
		next := &chores[0]
		for i := range chores {
			if chores[i].due < next.due {
				next = &chores[i]
			}
		}
		time.Sleep(next.due - now)
		a.do(next)
		next.due = max(next.due, time.Since(began)-next.every/2) + next.every
	}
	return a.calm()
}

func (a *admin) do(c *chore) {
	err := c.do(a)
	a.done[c.name]++
	if err != nil {
		a.failed = append(a.failed, fmt.Sprintf("%s at %s: %v", c.name, time.Now().Format(time.TimeOnly), err))
	}
}

func (a *admin) verb(verb string) error { _, err := a.Ask(verb); return err }

func (a *admin) nextMood() error { return a.change() }
func (a *admin) save() error     { return a.verb(control.Save) }
func (a *admin) reseed() error   { return a.verb(control.Reseed) }

// stir is tlsmgr at the exchange file, as the user that owns it.
func (a *admin) stir() error {
	file := a.path("run/exchange")
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	cmd := exec.Command(a.egdquery, "-s", a.Socket, "exchange", "stir", file)
	if st := info.Sys().(*syscall.Stat_t); st.Uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: st.Uid, Gid: st.Gid}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return err
}

// upgrade puts the other of two programs in the place of the one that runs; each
// fifth time one that cannot take over, which the daemon has to refuse.
func (a *admin) upgrade() error {
	if a.done["upgrade"]%5 == 4 {
		return errors.Join(a.install("broken", "prngd"), a.refused(control.Upgrade), a.install(a.program(0), "prngd"))
	}
	if err := a.install(a.program(1), "prngd"); err != nil {
		return err
	}
	if err := a.signalOrAsk(syscall.SIGUSR2, control.Upgrade); err != nil {
		return err
	}
	a.upgraded++
	err := harness.Await(func() bool {
		r, err := a.Ask(control.Status)
		return err == nil && int(r.Process.Upgrades) == a.upgraded
	})
	if err != nil {
		return fmt.Errorf("the daemon was not upgraded: %w", err)
	}
	return nil
}

// program is the name of the one that runs, or of a later one.
func (a *admin) program(later int) string { return fmt.Sprintf("program.%d", (a.upgraded+later)%2) }

// signalOrAsk does it one way or the other.
func (a *admin) signalOrAsk(s syscall.Signal, verb string) error {
	if a.mood.IntN(2) == 0 {
		return syscall.Kill(a.PID, s)
	}
	return a.verb(verb)
}

// reload has the daemon read a changed configuration, the first one again, and
// one that it must refuse, in turns.
func (a *admin) reload() error {
	switch a.done["reload"] % 3 {
	case 0:
		return errors.Join(a.configure("changed"), a.signalOrAsk(syscall.SIGHUP, control.Reload))
	case 1:
		return errors.Join(a.configure("wrong"), a.refused(control.Reload), a.configure("changed"))
	}
	return errors.Join(a.configure("first"), a.signalOrAsk(syscall.SIGHUP, control.Reload))
}

func (a *admin) configure(name string) error { return a.install("conf."+name, "prngd.conf") }

// refused wants a refusal.
func (a *admin) refused(verb string) error {
	err := a.verb(verb)
	var said *control.RefusedError
	if errors.As(err, &said) && !said.Denied {
		return nil
	}
	return fmt.Errorf("expected to be refused, got %v", err)
}

// calm leaves the daemon as it was found.
func (a *admin) calm() error {
	for a.run.mood.String() != moods[0] {
		if err := a.change(); err != nil {
			return err
		}
	}
	return errors.Join(a.configure("first"), a.verb(control.Reload))
}
