package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"prngd/egdproto"
	"prngd/test/port"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"prngd": main})
}

// The scenarios of testdata/script: a daemon is started as its users start it,
// asked, changed and stopped. No scenario sleeps: command 2 waits for the seed,
// and an end of file for the end of the daemon.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_RUNTIME_DIR", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", e.WorkDir)
			e.Setenv("TMPDIR", e.WorkDir)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each end costs a second with -race
			// A Unix socket's path is short: that of $WORK may be too long.
			dir, err := os.MkdirTemp("/tmp", "egd")
			if err != nil {
				return err
			}
			e.Defer(func() {
				endLeftOver(dir + "/pid")
				os.RemoveAll(dir)
			})
			e.Setenv("D", dir)
			e.Values[held{}] = map[string]net.Conn{}
			e.Values[notices{}] = new(notices)
			e.Values[senders{}] = map[string]*sender{}
			e.Values[supervised{}] = map[string]net.Listener{}
			return ownControl(dir)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root":
				return os.Getuid() == 0 && othersMayRunUs(), nil
			case "anybody": // writes of this uid are never credited
				return os.Getuid() == 65534, nil
			case "priority":
				return mayRaisePriority(), nil
			case "cgo":
				return builtWithCgo() || !othersMayRunUs(), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: commands,
	})
}

// commands are what a script can call besides testscript's own commands.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"ask":     ask,
	"signal":  signalPID,
	"listens": listens,
	"stale":   stale,
	"mode":    mode,
	"port":    reservePort,
	"control": askControl,

	"appears":  func(ts *testscript.TestScript, _ bool, args []string) { await(ts, args[0], true) },
	"vanishes": func(ts *testscript.TestScript, _ bool, args []string) { await(ts, args[0], false) },
	"logged":   logged,
	"identity": identity,
	"upgrades": upgrades,
	"reports":  reports,

	"hold":     hold,
	"release":  release,
	"crowd":    crowd,
	"activate": activate,
	"promptly": promptly,
	"watch":    watch,
	"notified": notified,

	"exits":   exits,
	"inode":   inode,
	"refused": refused,
	"reloads": reloads,
	"taken":   taken,

	"sends": sends,
	"dries": dries,
}

// ownControl gives a scenario a control socket of its own, since root's default is the machine's. Only root's daemon makes
// the directory itself.
func ownControl(dir string) error {
	if os.Getuid() != 0 {
		if err := os.Mkdir(dir+"/status", 0o755); err != nil {
			return err
		}
	}
	return os.WriteFile(dir+"/own.conf", []byte("status "+dir+"/status/sock\ngatherer jitter off\n"), 0o600)
}

// ask sends bytes in hex and prints everything that comes back until the other
// side closes, having half-closed its own: ask ADDRESS HEX.
func ask(ts *testscript.TestScript, neg bool, args []string) {
	conn := dial(ts, args[0])
	defer conn.Close()
	request, err := hex.DecodeString(strings.Join(args[1:], ""))
	ts.Check(err)
	_, err = conn.Write(request)
	ts.Check(err)
	ts.Check(conn.(interface{ CloseWrite() error }).CloseWrite())
	reply, err := io.ReadAll(conn)
	ts.Check(err)
	ts.Logf("%d bytes: %x", len(reply), reply)
	_, err = ts.Stdout().Write([]byte(hex.EncodeToString(reply) + "\n"))
	ts.Check(err)
}

func dial(ts *testscript.TestScript, place string) net.Conn {
	a, err := egdproto.ParseAddress(place)
	ts.Check(err)
	network, address := a.Dial()
	conn, err := net.Dial(network, address)
	ts.Check(err)
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// listens asserts that somebody answers at an address, or nobody does.
func listens(ts *testscript.TestScript, neg bool, args []string) {
	a, err := egdproto.ParseAddress(args[0])
	ts.Check(err)
	network, address := a.Dial()
	conn, err := net.Dial(network, address)
	if err == nil {
		conn.Close()
	}
	if (err == nil) == neg {
		ts.Fatalf("dialling %s: %v", args[0], err)
	}
}

// signalPID sends a signal to the process that a pid file names, and after a
// TERM waits until its socket is closed: signal NAME PIDFILE ADDRESS.
func signalPID(ts *testscript.TestScript, neg bool, args []string) {
	conn := dial(ts, args[2])
	defer conn.Close()
	// An answer: what still waits to be accepted ends with the listening socket.
	_, err := egdproto.NewClient(conn).PID()
	ts.Check(err)
	pid := 0
	for _, c := range strings.TrimSpace(ts.ReadFile(args[1])) {
		pid = pid*10 + int(c-'0')
	}
	sig := map[string]syscall.Signal{
		"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "USR2": syscall.SIGUSR2,
	}[args[0]]
	ts.Check(syscall.Kill(pid, sig))
	if sig == syscall.SIGTERM || sig == syscall.SIGINT {
		io.Copy(io.Discard, conn)
	}
}

// stale leaves a socket behind that nobody listens on.
func stale(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: args[0], Net: "unix"})
	ts.Check(err)
	l.SetUnlinkOnClose(false)
	ts.Check(l.Close())
}

// mode asserts the permission bits of a file: mode OCTAL FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Lstat(args[1])
	ts.Check(err)
	if got := fmt.Sprintf("%#o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("mode of %s is %s, want %s", args[1], got, args[0])
	}
}

// reservePort keeps a TCP port for the scenario: $PORT.
func reservePort(ts *testscript.TestScript, neg bool, args []string) {
	n, release, err := port.Reserve()
	ts.Check(err)
	ts.Defer(release)
	ts.Setenv("PORT", fmt.Sprint(n))
}

// await looks at a path until it is there, or gone: a daemon in the foreground
// has nobody to tell that its socket answers.
func await(ts *testscript.TestScript, path string, there bool) {
	until(ts, path, func() bool {
		info, err := os.Lstat(path)
		if err == nil && there && info.Mode().Type() == os.ModeSocket {
			var conn net.Conn // a socket is bound before it listens
			if conn, err = net.Dial("unix", path); err == nil {
				conn.Close()
			}
		}
		return (err == nil) == there
	})
}

// logged waits for a line in a log file: logged FILE REGEXP.
func logged(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile(args[1])
	until(ts, args[1], func() bool {
		text, err := os.ReadFile(args[0])
		return err == nil && want.Match(text)
	})
}

// patience is for what hangs: far more than anything takes on a busy machine.
const patience = 5 * time.Minute

// until asks again and again, while there is patience.
func until(ts *testscript.TestScript, what string, done func() bool) {
	give := time.After(patience)
	for !done() {
		select {
		case <-give:
			ts.Fatalf("waiting for %s: not in %v", what, patience)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// askControl sends one verb to a control socket and prints the answer. It fails
// if the answer is an error: control SOCKET VERB.
func askControl(ts *testscript.TestScript, neg bool, args []string) {
	reply := controlReply(ts, args[0], args[1])
	fmt.Fprint(ts.Stdout(), reply)
	if strings.Contains(reply, `"error"`) != neg {
		ts.Fatalf("%s: %s", args[1], reply)
	}
}

func controlReply(ts *testscript.TestScript, socket, verb string) string {
	conn, err := net.Dial("unix", socket)
	ts.Check(err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintln(conn, verb)
	reply, err := io.ReadAll(conn)
	ts.Check(err)
	return string(reply)
}

// builtWithCgo tells a test binary that cannot give up its capabilities from
// one that is built as the daemon is.
func builtWithCgo() bool {
	info, ok := debug.ReadBuildInfo()
	return !ok || slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "CGO_ENABLED" && s.Value == "1"
	})
}

// othersMayRunUs reports whether another user may execute this program, which was
// made with the umask of the one who runs the tests.
func othersMayRunUs() bool {
	info, err := os.Stat("/proc/self/exe")
	return err != nil || info.Mode()&0o005 == 0o005
}

// endLeftOver ends the daemon of a scenario that failed before it could.
func endLeftOver(pidFile string) {
	text, err := os.ReadFile(pidFile)
	if pid, e := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && e == nil && pid > 1 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}
