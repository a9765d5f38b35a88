package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"prngd/egdproto"
)

// held is the key of the connections that a scenario keeps open, by name.
type held struct{}

// hold opens a connection, sends bytes in hex, and keeps it open:
// hold NAME ADDRESS HEX.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	conns, _ := ts.Value(held{}).(map[string]net.Conn)
	conn := dial(ts, args[1])
	ts.Defer(func() { conn.Close() })
	conns[args[0]] = conn
	send(ts, conn, args[2:])
}

// release sends more on a connection that was held, half-closes it, and prints
// everything that comes until the other side closes: release NAME HEX.
func release(ts *testscript.TestScript, neg bool, args []string) {
	conns, _ := ts.Value(held{}).(map[string]net.Conn)
	conn := conns[args[0]]
	send(ts, conn, args[1:])
	ts.Check(conn.(interface{ CloseWrite() error }).CloseWrite())
	reply, err := io.ReadAll(conn)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), hex.EncodeToString(reply))
}

func send(ts *testscript.TestScript, conn net.Conn, words []string) {
	b, err := hex.DecodeString(strings.Join(words, ""))
	ts.Check(err)
	_, err = conn.Write(b)
	ts.Check(err)
}

// crowd connects so many clients, which stay: crowd N ADDRESS.
func crowd(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		conn := dial(ts, args[1])
		ts.Defer(func() { conn.Close() })
		_, err := conn.Write([]byte{2, 1})
		ts.Check(err)
		_, err = io.ReadFull(conn, make([]byte, 1))
		ts.Check(err)
	}
}

// promptly ends the daemon with SIGTERM and asserts that it takes less than a
// second, as seen by its clients: promptly PIDFILE ADDRESS.
func promptly(ts *testscript.TestScript, neg bool, args []string) {
	began := time.Now()
	signalPID(ts, false, append([]string{"TERM"}, args...))
	if took := time.Since(began); took > time.Second {
		ts.Fatalf("the end took %v", took)
	}
}

// supervised is the key of the sockets of activate, by address.
type supervised struct{}

// activate starts prngd in the background as a supervisor does that listens on
// ADDRESS itself, and goes on listening: activate ADDRESS ARGUMENT...
func activate(ts *testscript.TestScript, neg bool, args []string) {
	listeners, _ := ts.Value(supervised{}).(map[string]net.Listener)
	l := listeners[args[0]]
	if l == nil {
		a, err := egdproto.ParseAddress(args[0])
		ts.Check(err)
		l, err = net.Listen(a.Dial())
		ts.Check(err)
		ts.Defer(func() { l.Close() })
		listeners[args[0]] = l
	}
	f, err := l.(interface{ File() (*os.File, error) }).File()
	ts.Check(err)
	defer f.Close()
	daemon := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec prngd "$@"`, "prngd"}, args[1:]...)...)
	daemon.Dir = ts.Getenv("WORK")
	daemon.ExtraFiles = []*os.File{f}
	for _, name := range []string{"PATH", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "TMPDIR", "HOME"} {
		daemon.Env = append(daemon.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(daemon.Start())
	ts.Defer(func() {
		daemon.Process.Kill()
		daemon.Wait()
	})
}

// notices is what a daemon told its supervisor.
type notices struct {
	mu   sync.Mutex
	text string
}

// watch is a supervisor for the daemons that follow: watch SOCKET.
func watch(ts *testscript.TestScript, neg bool, args []string) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: args[0], Net: "unixgram"})
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	ts.Setenv("NOTIFY_SOCKET", args[0])
	n, _ := ts.Value(notices{}).(*notices)
	go func() {
		b := make([]byte, 4096)
		for {
			size, err := conn.Read(b)
			if err != nil {
				return
			}
			n.mu.Lock()
			n.text += string(b[:size]) + "\n"
			n.mu.Unlock()
		}
	}()
}

// notified waits until the supervisor has been told so, and forgets all it was
// told: notified REGEXP.
func notified(ts *testscript.TestScript, neg bool, args []string) {
	n, _ := ts.Value(notices{}).(*notices)
	want := regexp.MustCompile(args[0])
	until(ts, args[0], func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		told := want.MatchString(n.text)
		if told {
			n.text = ""
		}
		return told
	})
}
