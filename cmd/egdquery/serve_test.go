package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// serving PATH... starts egdquery serve at any free port, GETs each path, and
// writes what came to the file named like the path. SIGTERM has to end it with 0.
func serving(ts *testscript.TestScript, neg bool, args []string) {
	program, err := exec.LookPath("egdquery")
	ts.Check(err)
	cmd := exec.Command(program, "--status", ts.Getenv("PRNGD_STATUS"), "-s", ts.Getenv("WORK")+"/egd", "serve", "--listen", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	said := bufio.NewReader(stderr)
	line, err := said.ReadString('\n')
	ts.Check(err)
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "egdquery: serving ")
	if !ok {
		ts.Fatalf("got %q", line)
	}
	for _, path := range args {
		answer, err := http.Get(url + path)
		ts.Check(err)
		text, err := io.ReadAll(answer.Body)
		ts.Check(err)
		answer.Body.Close()
		ts.Logf("GET %s: %s\n%s", path, answer.Status, text)
		ts.Check(os.WriteFile(ts.MkAbs(path), text, 0o600))
	}
	ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	rest, _ := io.ReadAll(said)
	if err := cmd.Wait(); err != nil || len(rest) > 0 {
		ts.Fatalf("it ends with %v %q", err, rest)
	}
}
