package upgrade_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
	"prngd/internal/upgrade"
)

// upgrader executes itself once: upgrader [USER]. Before, it becomes uid 4711 if
// told to, and after it, it says what came through.
func upgrader() {
	if r := upgrade.InPreflight(os.Args); r != nil {
		fmt.Fprintln(os.Stderr, "preflighted with", r.Argv[1:], len(r.Document))
		ok(r.Pass())
		return
	}
	document, secret, err := upgrade.Inherit()
	ok(err)
	if document != nil {
		upgraded(document, secret)
		return
	}
	path, err := os.Executable()
	ok(err)
	p, err := upgrade.Open(path)
	ok(err)
	kept, theirs, err := os.Pipe()
	ok(err)
	fmt.Fprint(theirs, "through")
	theirs.Close()
	if len(os.Args) > 1 {
		ok(privileges.Become(privileges.User{Name: "test", UID: 4711, GID: 4711}))
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGUSR2)
	fd := int(kept.Fd())
	fmt.Println("pid", os.Getpid())
	ok(p.Exec(upgrade.Payload{
		Argv: os.Args, Document: append(fmt.Appendf(nil, "%d ", fd), make([]byte, 3<<20)...),
		Secret: []byte("sixty-four bytes of output"), Keep: []int{fd}, Signals: []os.Signal{unix.SIGUSR2}, Harmless: []os.Signal{unix.SIGUSR2}, Caught: caught,
		Interrupted: func() bool {
			ok(unix.Kill(os.Getpid(), unix.SIGUSR2)) // by default it would end us
			return len(caught) > 0
		},
	}))
	runtime.KeepAlive(kept) // a collected file is closed
}

func upgraded(document, secret []byte) {
	fmt.Println("pid", os.Getpid())
	var fd int
	fmt.Sscan(string(document[:20]), &fd)
	b := make([]byte, 100)
	n, _ := unix.Read(fd, b)
	fmt.Printf("%d bytes, %q, %q\n", len(document), secret, b[:n])
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	fmt.Println("dumpable", dumpable, err)
	comm, err := os.ReadFile("/proc/self/comm")
	ok(err)
	exe, err := os.Executable()
	ok(err)
	named := strings.HasPrefix(filepath.Base(exe), strings.TrimSpace(string(comm)))
	fmt.Println("named", named || unix.Gettid() != os.Getpid())
	fmt.Println("left over", os.Getenv("PRNGD_HANDOVER"))

	// They came when nobody handled them, and would have ended us.
	ok(unix.Kill(os.Getpid(), unix.SIGUSR2))
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGUSR2)
	ok(unix.Kill(os.Getpid(), unix.SIGUSR2))
	fmt.Println(<-caught)
}

func TestExecInPlace(t *testing.T) {
	for _, who := range []string{"", "nobody"} {
		if who != "" && os.Getuid() != 0 {
			continue
		}
		stdout, stderr, status := run("upgrader", strings.Fields(who)...)
		if strings.Contains(stderr, "not supported") {
			t.Log("becoming another user wants a binary without cgo")
			continue
		}
		pids, rest, _ := strings.Cut(stdout, "\n")
		again, rest, _ := strings.Cut(rest, "\n")
		want := `3145730 bytes, "sixty-four bytes of output", "through"
dumpable 0 <nil>
named true
left over 
user defined signal 2
`
		if status != 0 || pids != again || !strings.HasPrefix(pids, "pid ") || strings.Replace(rest, "3145731", "3145730", 1) != want {
			t.Errorf("%s status %d, %q and %q\n%s%s", who, status, pids, again, rest, stderr)
		}
	}
}

// A failed exec leaves everything as it was.
func TestExecFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("neither a program nor a script\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := upgrade.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	kept, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	defer theirs.Close()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGUSR2)
	defer signal.Stop(caught)
	legacy := upgrade.Payload{
		Argv: []string{path}, Document: []byte("{}"), Secret: make([]byte, 64),
		Keep: []int{int(kept.Fd())}, Signals: []os.Signal{unix.SIGUSR2}, Harmless: []os.Signal{unix.SIGUSR2}, Caught: caught,
	}
	before := openFiles(t)
	if err := p.Exec(legacy); err == nil || err.Error() != "executing "+path+": exec format error" {
		t.Error(err)
	}
	legacy.Interrupted = func() bool { return true }
	if err := p.Exec(legacy); err != upgrade.ErrInterrupted {
		t.Error(err)
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors, before %d", after, before)
	}
	if !closesOnExec(kept.Fd()) {
		t.Error("a descriptor is still let through")
	}
	if err := unix.Kill(os.Getpid(), unix.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	<-caught // the signal is no longer held back
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

func TestInPreflight(t *testing.T) {
	dir := t.TempDir()
	script := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	upgrader, err := exec.LookPath("upgrader")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{upgrader, ""},
		{dir + "/missing", "opening program .*/missing: no such file or directory"},
		{script("denied", "#!/bin/sh\n", 0o644), "preflight of .*/denied: permission denied"},
		{script("text", "neither a program nor a script\n", 0o755), "preflight of .*/text: exec format error"},
		{"/bin/true", "preflight of /bin/true: it ended at once, without a word on whether it could take over"},
		{"/bin/false", "preflight of /bin/false: exit status 1"},
		{dir, "preflight of .*: permission denied"},
	} {
		p, err := upgrade.Open(c.path)
		if err == nil {
			err = p.Preflight(context.Background(), []string{"upgrader", "-x"}, make([]byte, 1<<20))
			p.Close()
		}
		if !saysLike(err, c.want) {
			t.Errorf("%s: %v, expected %q", c.path, err, c.want)
		}
	}
}

// A program that does not end is ended.
func TestPreflightTakesTooLong(t *testing.T) {
	sleep, err := exec.LookPath("tail")
	if err != nil {
		t.Skip(err)
	}
	p, err := upgrade.Open(sleep)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	err = p.Preflight(ctx, []string{"tail", "-f", fifo}, nil)
	if err == nil {
		t.Error("passed")
	}
}

// A variable that is meant for another process does nothing but go away.
func TestInheritFromNobody(t *testing.T) {
	for _, value := range []string{"", "nonsense", "1 2 3 4", fmt.Sprintf("%d 1 3 4", os.Getpid())} {
		t.Setenv("PRNGD_HANDOVER", value)
		document, secret, err := upgrade.Inherit()
		if document != nil || secret != nil || err != nil {
			t.Errorf("%q: %q, %q, %v", value, document, secret, err)
		}
		if _, found := os.LookupEnv("PRNGD_HANDOVER"); found {
			t.Errorf("%q is passed on", value)
		}
	}
}

func TestProgramPath(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ argv0, want string }{
		{link, link}, // so that where it leads to later is what is executed
		{self, self},
		{"prngd", self},
		{"/bin/sh", self},
		{"./missing", self},
	} {
		if got, err := upgrade.ProgramPath(c.argv0); got != c.want || err != nil {
			t.Errorf("%s: %s, %v, expected %s", c.argv0, got, err, c.want)
		}
	}
}

func saysLike(err error, pattern string) bool {
	if err == nil || pattern == "" {
		return err == nil && pattern == ""
	}
	return regexp.MustCompile("^" + pattern + "$").MatchString(err.Error())
}

func closesOnExec(fd uintptr) bool {
	flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
	ok(err)
	return flags&unix.FD_CLOEXEC != 0
}
