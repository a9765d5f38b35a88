package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	testscript.Main(m, map[string]func(){"egdquery": main, "realdaemon": realDaemon})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"egd":     egd,
			"over":    over,
			"exits":   exits,
			"repeat":  repeat,
			"prngd":   prngd,
			"serving": serving,
			"flood":   flood,
			"short":   short,
			"daemon":  startDaemon,
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Setup: func(env *testscript.Env) error {
			env.Values["talks"] = &talks{list: map[string]chan error{}}
			env.Setenv("TMPDIR", env.WorkDir)
			env.Setenv("PRNGD_STATUS", "")
			env.Setenv("XDG_RUNTIME_DIR", env.WorkDir+"/run")
			env.Setenv("PRIVATE", fmt.Sprintf("%s/prngd-%d", env.WorkDir, os.Getuid()))
			return nil
		},
	})
}

// talks are the scripted daemons of one test, by the name of their script.
type talks struct{ list map[string]chan error }

// egd SCRIPT [ADDRESS] starts a daemon for one connection that goes as in the
// file SCRIPT. ADDRESS is a socket's path, by default $WORK/egd, or tcp, which
// puts the host:port into $ADDRESS. In the script, line by line:
//
//	> 01 ff      the client sends exactly these bytes
//	< 02 aa bb   the daemon does
//	< count N    the daemon sends N bytes 00 01 02 .. ff 00 ..
//	times N      the rest is said N times
//	hang up      the daemon closes the connection
//
// At the end of the script the client closes, and sends nothing more.
func egd(ts *testscript.TestScript, neg bool, args []string) {
	network, address := "unix", ts.Getenv("WORK")+"/egd"
	if len(args) > 1 {
		address = args[1]
	}
	if address == "tcp" {
		network, address = "tcp", "127.0.0.1:0"
	} else {
		os.Remove(address)
	}
	l, err := net.Listen(network, address)
	ts.Check(err)
	if network == "tcp" {
		ts.Setenv("ADDRESS", l.Addr().String())
	}
	script := ts.ReadFile(args[0])
	result := make(chan error, 1)
	ts.Value("talks").(*talks).list[args[0]] = result
	ts.Defer(func() { l.Close() })
	go func() { result <- talkOnce(l, script) }()
}

// talkOnce has one conversation; when it is over, its socket is gone. To a client
// that only wants to know which daemon this is, the answer is pid 4711.
func talkOnce(l net.Listener, script string) error {
	defer l.Close()
	result := make(chan error, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				result <- err
				return
			}
			go meet(conn, script, result)
		}
	}()
	return <-result
}

// meet has the conversation, unless the client only wants to know the pid.
func meet(conn net.Conn, script string, result chan<- error) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if first, err := in.Peek(1); err == nil && first[0] == 4 && !strings.HasPrefix(script, "> 04") {
		conn.Write([]byte("\x044711"))
		return
	}
	stream := struct {
		io.Reader
		io.Writer
	}{in, conn}
	result <- talk(stream, strings.Split(strings.TrimSpace(script), "\n"))
}

// over SCRIPT... waits for the conversations and fails unless they went as written.
func over(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		if err := <-ts.Value("talks").(*talks).list[name]; err != nil {
			ts.Fatalf("%s: %v", name, err)
		}
	}
}

func talk(conn io.ReadWriter, script []string) error {
	for i, line := range script {
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "hang up":
			return nil
		case verb == "times":
			n, err := strconv.Atoi(rest)
			if err != nil {
				return err
			}
			return talk(conn, slices.Repeat(script[i+1:], n))
		}
		if err := sayOrHear(conn, verb, rest); err != nil {
			return fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
	}
	extra, err := io.ReadAll(conn)
	if err == nil && len(extra) > 0 {
		err = fmt.Errorf("at the end the client sends % x", extra)
	}
	return err
}

func sayOrHear(conn io.ReadWriter, verb, what string) error {
	data, err := decode(what)
	if err != nil {
		return err
	}
	switch verb {
	case "<":
		_, err := conn.Write(data)
		return err
	case ">":
		got := make([]byte, len(data))
		n, err := io.ReadFull(conn, got)
		if err != nil || !bytes.Equal(got, data) {
			return fmt.Errorf("the client sends % x, %v", got[:n], err)
		}
		return nil
	}
	return errors.New("not understood")
}

func decode(what string) ([]byte, error) {
	if count, ok := strings.CutPrefix(what, "count "); ok {
		n, err := strconv.Atoi(count)
		return counting(n), err
	}
	return hex.DecodeString(strings.ReplaceAll(what, " ", ""))
}

// exits N PROGRAM ARGUMENT... is exec for a program that ends with exit status N.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	var failed *exec.ExitError
	status := 0
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		status = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("exit status %d, expected %s", status, args[0])
	}
}

// repeat FILE N [TIMES] writes N bytes 00 01 02 .. ff 00 .. to FILE, TIMES over.
func repeat(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	times := 1
	if len(args) > 2 {
		times, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat(counting(n), times), 0o600))
}

// counting returns n bytes 00 01 02 .. ff 00 ..
func counting(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i)
	}
	return data
}
