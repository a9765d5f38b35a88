package upgrade_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/change"
	"prngd/internal/upgrade"
)

// answering answers a preflight as its state document says.
func answering() {
	r := upgrade.InPreflight(os.Args)
	if r == nil {
		return
	}
	words := strings.Fields(string(r.State))
	switch words[0] {
	case "pass":
		ok(r.Pass(make([]byte, 1<<20)))
	case "exit":
		var status int
		fmt.Sscan(words[1], &status)
		fmt.Fprintln(os.Stderr, "first line\nprngd: conf:3: why")
		os.Exit(status)
	case "raw":
		unix.Write(4, []byte(words[1]))
		select {}
	case "huge":
		unix.Write(4, []byte("could take over\n\xff\xff\xff\xff\xff\xff\xff\xff"))
		select {}
	}
}

// TestPreflight: each way in which a program answers, and whether it may work later.
func TestPreflight(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	answering, err := exec.LookPath("answering")
	if err != nil {
		t.Fatal(err)
	}
	before := openFiles(t)
	for _, c := range []struct {
		path, state, want string
		later             bool
	}{
		{answering, "pass", "", false},
		{answering, "exit 0", "preflight of .*: it ended at once, without a word on whether it could take over: prngd: conf:3: why", false},
		{answering, "exit 75", "preflight of .*: exit status 75: prngd: conf:3: why", true},
		{answering, "exit 78", "preflight of .*: exit status 78: prngd: conf:3: why", false},
		{answering, "raw nonsense-and-much-more-of-it", `preflight of .*: it said "nonsense-and-much-mo": expected could take over.*`, false},
		{answering, "huge", "preflight of .*: 18446744073709551615 bytes of resolved settings, at most.*", false},
		{dir + "/missing", "", "opening program .*/missing: no such file or directory", false},
		{dir, "", "opening program .*: its mode is d.*, expected a regular file", false},
		{fifo, "", "opening program .*: its mode is p.*, expected a regular file", false},
		{file("denied", "no program\n", 0o644), "", "(opening program|preflight of) .*/denied: permission denied", false},
		{file("text", "neither a program nor a script\n", 0o755), "", "preflight of .*/text: exec format error", false},
		// A3: the exec of a script would end the daemon.
		{file("wrapper", "#!/bin/sh\nexec answering \"$@\"\n", 0o755), "pass", "opening program .*/wrapper: it is a script, expected a program.*", false},
		{"/bin/true", "", "preflight of /bin/true: it ended at once, without a word on whether it could take over", false},
		{"/bin/false", "", "preflight of /bin/false: exit status 1", false},
	} {
		p, err := upgrade.Open(c.path)
		if err == nil {
			_, err = p.Preflight(context.Background(), []string{"answering", "-x"}, []byte(c.state), nil)
			p.Close()
		}
		if !saysLike(err, c.want) || change.IsLater(err) != c.later {
			t.Errorf("%s %s: %v, later %v, expected %q, %v", c.path, c.state, err, change.IsLater(err), c.want, c.later)
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors, before %d", after, before)
	}
}

// A program that does not answer is ended, and its time is what may be different
// another time.
func TestPreflightTakesTooLong(t *testing.T) {
	path, err := exec.LookPath("answering")
	if err != nil {
		t.Fatal(err)
	}
	p, err := upgrade.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Preflight(ctx, []string{"answering"}, []byte("raw could"), nil)
	if !change.IsLater(err) || !saysLike(err, "preflight of .*: it did not answer in time.*") {
		t.Errorf("%v, expected that it did not answer", err)
	}
}
