package upgrade_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
	"prngd/internal/process"
	"prngd/internal/upgrade"
)

// upgrader executes itself once: upgrader [USER]. Before, it becomes uid 4711 if
// told to, and after it, it says what came through.
func upgrader() {
	origin, err := process.FindOrigin(os.Args[0])
	ok(err)
	if r := upgrade.InPreflight(os.Args); r != nil {
		ok(r.Pass(fmt.Appendf(nil, "%v resolved from %d bytes", r.Argv[1:], len(r.State))))
		return
	}
	in, err := upgrade.Inherit()
	ok(err)
	if in != nil {
		upgraded(in, origin)
		return
	}
	p, err := upgrade.Open(origin.Path)
	ok(err)
	fmt.Println("same", p.Same(origin), p.Same(process.Origin{ID: "another"}))
	resolved, err := p.Preflight(context.Background(), os.Args, make([]byte, 3<<20), nil)
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
		Argv: os.Args, State: append(fmt.Appendf(nil, "%d ", fd), make([]byte, 3<<20)...), Resolved: resolved,
		Secret: []byte("sixty-four bytes of output"), Keep: []int{fd}, Signals: []os.Signal{unix.SIGUSR2}, Harmless: []os.Signal{unix.SIGUSR2}, Caught: caught,
		Interrupted: func() bool {
			ok(unix.Kill(os.Getpid(), unix.SIGUSR2)) // by default it would end us
			return len(caught) > 0
		},
	}))
	runtime.KeepAlive(kept) // a collected file is closed
}

func upgraded(in *upgrade.Inheritance, origin process.Origin) {
	fmt.Println("pid", os.Getpid())
	var fd int
	fmt.Sscan(string(in.State[:20]), &fd)
	b := make([]byte, 100)
	n, _ := unix.Read(fd, b)
	fmt.Printf("%d bytes, %q, %q, %q\n", len(in.State), in.Resolved, in.Secret, b[:n])
	dumpable, err := privileges.Dumpable()
	fmt.Println("dumpable", dumpable, err)
	in.Adopted()
	comm, err := os.ReadFile("/proc/self/comm")
	ok(err)
	fmt.Printf("named %s, %s\n", strings.TrimSpace(string(comm)), filepath.Base(origin.Path))
	fmt.Println("left over", os.Getenv("PRNGD_UPGRADE")+os.Getenv("PRNGD_PROGRAM"))

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
		if who != "" && !othersMayRunUs() {
			t.Log("by the umask other users may not execute this program")
			continue
		}
		stdout, stderr, status := run("upgrader", strings.Fields(who)...)
		if strings.Contains(stderr, "not supported") {
			t.Log("becoming another user wants a binary without cgo")
			continue
		}
		said, stdout, _ := strings.Cut(stdout, "\n")
		pids, rest, _ := strings.Cut(stdout, "\n")
		again, rest, _ := strings.Cut(rest, "\n")
		want := `3145730 bytes, "[` + who + `] resolved from 3145728 bytes", "sixty-four bytes of output", "through"
dumpable false <nil>
named upgrader, upgrader
left over 
user defined signal 2
`
		if status != 0 || said != "same true false" || pids != again || !strings.HasPrefix(pids, "pid ") || strings.Replace(rest, "3145731", "3145730", 1) != want {
			t.Errorf("%s status %d, %q, %q and %q\n%s%s", who, status, said, pids, again, rest, stderr)
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
		Argv: []string{path}, State: []byte("{}"), Secret: make([]byte, 64),
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

// openFiles returns how many descriptors are open, with those that the runtime opens
// for the first pipe or socket of the process.
func openFiles(t *testing.T) int {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

// A variable that is meant for another process does nothing but go away.
func TestInheritFromNobody(t *testing.T) {
	for _, value := range []string{"", "nonsense", "1 2 3 4 5 6", fmt.Sprintf("%d 1 3 4 5 6", os.Getpid())} {
		t.Setenv("PRNGD_UPGRADE", value)
		if in, err := upgrade.Inherit(); in != nil || err != nil {
			t.Errorf("%q: %+v, %v", value, in, err)
		}
		if _, found := os.LookupEnv("PRNGD_UPGRADE"); found {
			t.Errorf("%q is passed on", value)
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
