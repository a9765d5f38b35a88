//go:build amd64 || arm64

package seedfile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"prngd/seedfile"

	"golang.org/x/sys/unix"
)

// startOnly is a daemon that is killed as soon as it has used its seed.
func startOnly(o seedfile.Options) error {
	f, err := seedfile.Open(o)
	if err != nil {
		return err
	}
	defer f.Close()
	_, _, err = start(f, "killed")
	return err
}

// outcome is what the daemon makes of a place.
type outcome struct {
	Mixed, Credited     int
	Reason              string // why no more is credited, as the status says it
	AtStart, OnceSeeded string // what was written
	Log                 []string
}

// observe is one run of a daemon: open, load, replace, save, close.
func observe(o seedfile.Options, running func()) (out outcome) {
	out.AtStart, out.OnceSeeded = "nothing", "nothing"
	f, err := seedfile.Open(o)
	if err != nil {
		out.Log = append(out.Log, err.Error())
		return out
	}
	defer f.Close()
	l, bits, err := start(f, "row")
	out.Mixed, out.Credited = len(l.Data), bits
	if l.Warning != "" {
		out.Log = append(out.Log, l.Warning)
	}
	switch {
	case err == nil:
		out.AtStart = "successor, " + string(f.Stats().Form)
	case !errors.Is(err, seedfile.ErrNotReplaced):
		out.Log = append(out.Log, err.Error())
	}
	out.Reason = f.Stats().Reason
	running()
	if err := f.Save(drawn{&stream{label: "row"}, true}); err != nil {
		out.Log = append(out.Log, err.Error())
	} else {
		out.OnceSeeded = "seed, " + string(f.Stats().Form)
	}
	return out
}

// observeAlone is the task of a process that is run under strace.
func observeAlone() error {
	o := options(os.Getenv("SEED"))
	if _, err := fmt.Sscan(os.Getenv("RUN_AS"), &o.Owner); err != nil {
		return err
	}
	runtime.LockOSThread() // strace counts the calls of each thread, and each kind, by itself
	defer become(o.Owner)()
	return json.NewEncoder(os.Stdout).Encode(observe(o, func() {}))
}

// row makes the place and returns its line of the table.
func (c fault) row(t *testing.T) string {
	m := &matrix{root: fastDir(t), user: tester()}
	dir := m.place(t, files{"seed": string(seedBytes(t, t.TempDir(), false))})
	p := &place{dir: dir, options: options(dir + "/seed"), running: func() {}}
	p.options.Owner = m.user
	if err := c.make(t, p); errors.Is(err, os.ErrPermission) {
		t.Skip("only root can make this one: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	var out outcome
	if p.inject != nil {
		_, stdout := underStrace(t, dir, p.inject, "observe", "SEED="+p.seed(), fmt.Sprint("RUN_AS=", m.user))
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			t.Fatal(err)
		}
	} else {
		synctest.Test(t, func(*testing.T) {
			defer become(m.user)()
			out = observe(p.options, p.running)
		})
	}
	log := strings.Join(out.Log, "<br>")
	log = strings.NewReplacer(dir+"/seed", "SEED", dir, "DIR", fmt.Sprint("uid ", m.user), "uid USER").Replace(log)
	credited := fmt.Sprint(out.Credited)
	if out.Reason != "" {
		credited += ": " + out.Reason
	}
	return fmt.Sprintf("| %s | %d | %s | %s | %s | %s |", c.name, out.Mixed, credited, out.AtStart, out.OnceSeeded, log)
}

const faultsHead = `# What odd seed files and odd places do

Made by the tests of ` + "`seedfile`" + ` (` + "`go test ./seedfile -run TestFaults -update`" + `, as root, with strace). One run of the
daemon per line: it opens the seed file, mixes what it reads (bytes), puts a successor in its place, credits it (bits)
if that has become durable, and saves a new seed once it is seeded. Why nothing is credited stands in the status, what
a human should look at in the log. In each case the daemon starts and serves. Where not said otherwise, the file holds a sound seed of this machine, 512 bytes,
mode 0600, ` + "`seed-credit yes`" + `, and the daemon's user may write the directory.

| Situation | Mixed | Credited | Written at start | Written once seeded | Log |
|---|---|---|---|---|---|
`

// TestFaults compares what is seen with docs/seedfile-faults.md, line by line.
func TestFaults(t *testing.T) {
	old := unix.Umask(0o022)
	defer unix.Umask(old)
	documented := strings.Split(string(read(t, faultsFile)), "\n")
	table := faultsHead
	for _, c := range faults() {
		t.Run(c.name, func(t *testing.T) {
			row := c.row(t)
			table += row + "\n"
			if !*update && !slices.Contains(documented, row) {
				t.Errorf("not in %s:\n%s", filepath.Base(faultsFile), row)
			}
		})
	}
	if !*update {
		return
	}
	if n := strings.Count(table, "\n"); n != strings.Count(faultsHead, "\n")+len(faults()) {
		t.Fatal("some lines could not be made: not written")
	}
	if err := os.WriteFile(faultsFile, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
}
