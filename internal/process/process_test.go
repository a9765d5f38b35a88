package process_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/process"
)

// TestMain gives the tests programs to start: each name is this test binary
// under another one.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each costs a second with -race
	testscript.Main(m, map[string]func(){
		"backgrounder": backgrounder,
		"pidteller":    pidteller,
		"forker":       forker,
		"listeners":    listeners,
		"supervised":   func() { fmt.Println(process.Supervised()) },
		"openfiles":    openFiles,
		"ready":        ready,
		"killer":       killer,
		"fulllimit":    fullLimit,
		"executer":     executer,
		"named":        named,
	})
}

// backgrounder goes to the background and ends there as its argument says.
//
//	ready SOCKET   serves SOCKET with one line about itself, once
//	fail STATUS    complains and exits with STATUS
//	quit           exits 0 without a report
//	crash          dies of a signal
//	env            says what it has inherited and passes on, and is ready
func backgrounder() {
	origin, err := process.FindOrigin(os.Args[0])
	ok(err)
	parent := process.Inherited()
	if parent == nil {
		exit, err := process.Background(origin, os.Args)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(exit)
	}
	switch os.Args[1] {
	case "ready":
		serveOnce(parent, os.Args[2])
	case "fail":
		fmt.Fprintln(os.Stderr, "cannot bind the socket")
		status, _ := strconv.Atoi(os.Args[2])
		os.Exit(status)
	case "crash":
		unix.Kill(os.Getpid(), unix.SIGKILL)
		select {}
	case "env":
		var st unix.Stat_t
		fmt.Printf("PRNGD_READY=%q closeonexec=%v stray=%v %v\n", os.Getenv("PRNGD_READY"), closesOnExec(3),
			unix.Fstat(strayFDs[0], &st), unix.Fstat(strayFDs[1], &st))
		ok(parent.Ready())
	}
}

// strayFDs are open in the process that runs backgrounder, too high for a Go
// runtime's own; the second is beyond the usual limit (B7).
var strayFDs = [...]int{99, 1500}

func serveOnce(parent *process.Parent, socket string) {
	l, err := net.Listen("unix", socket)
	ok(err)
	fmt.Println("listening")
	ok(parent.Ready())
	fmt.Println("nobody may see this")
	conn, err := l.Accept()
	ok(err)
	session, err := unix.Getsid(0)
	ok(err)
	fmt.Fprintf(conn, "leader=%v", session == os.Getpid())
	for fd := range 3 {
		target, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		fmt.Fprintf(conn, " %d=%s", fd, target)
	}
	fmt.Fprintln(conn)
	l.Close()
	conn.Close()
}

// pidteller is a daemon that answers every byte with its first argument as a
// pid, "self" for its own. SIGTERM ends it, unless there is a second argument.
func pidteller() {
	if len(os.Args) > 3 {
		ignoreTerm()
	}
	answer := egdproto.AppendPID(nil, os.Getpid())
	if text := os.Args[2]; text != "self" {
		answer = append([]byte{byte(len(text))}, text...)
	}
	network := "unix"
	if !strings.HasPrefix(os.Args[1], "/") {
		network = "tcp"
	}
	l, err := net.Listen(network, os.Args[1])
	ok(err)
	fmt.Println(l.Addr())
	tellPID(l, answer)
}

// tellPID answers every byte that comes.
func tellPID(l net.Listener, answer []byte) {
	for {
		conn, err := l.Accept()
		ok(err)
		go func() {
			for ask := make([]byte, 1); ; {
				if _, err := conn.Read(ask); err != nil {
					return
				}
				conn.Write(answer)
			}
		}()
	}
}

// forker goes to the background as PRNGD does: it listens first, and the process
// that serves has another pid, which it prints. With a second argument it stays.
func forker() {
	if os.Getenv("FORKED") != "" {
		l, err := net.FileListener(os.NewFile(3, "listener"))
		ok(err)
		tellPID(l, egdproto.AppendPID(nil, os.Getpid()))
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: os.Args[1], Net: "unix"})
	ok(err)
	file, err := l.File()
	ok(err)
	child := exec.Command(os.Args[0])
	child.Env, child.ExtraFiles = append(os.Environ(), "FORKED=1"), []*os.File{file}
	ok(child.Start())
	fmt.Println(child.Process.Pid)
	if len(os.Args) > 2 {
		child.Wait()
	}
	os.Exit(0)
}

// start runs name until the test ends and returns it with its first line.
func start(t *testing.T, name string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: reading its first line: %v", name, err)
	}
	return cmd, strings.TrimSpace(line)
}

func closesOnExec(fd uintptr) bool {
	flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
	ok(err)
	return flags&unix.FD_CLOEXEC != 0
}

func ok(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// executer executes cat in its place, as a program of many threads that has handled
// SIGTERM until then.
func executer() {
	cat, err := exec.LookPath("cat")
	ok(err)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGTERM)
	for range 6 {
		go func() {
			runtime.LockOSThread()
			for {
				time.Sleep(50 * time.Microsecond)
			}
		}()
	}
	time.Sleep(time.Millisecond) // for their threads
	signal.Stop(caught)
	fmt.Println("executing")
	ok(process.Exec(cat, []string{"cat"}, os.Environ()))
}
