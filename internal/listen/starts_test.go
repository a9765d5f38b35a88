package listen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"
)

// startVariable has the test binary be one of several starting processes.
const startVariable = "PRNGD_TEST_START"

func TestMain(m *testing.M) {
	if path := os.Getenv(startVariable); path != "" {
		startAndWait(path)
		return
	}
	os.Exit(m.Run())
}

// startAndWait starts at the first line of input and serves until input ends.
func startAndWait(path string) {
	in := bufio.NewReader(os.Stdin)
	in.ReadString('\n')
	log, _ := logtest.NewNullLogger()
	s := NewSet(Config{Log: log, Serve: answer})
	c, err := s.Prepare(context.Background(), []Options{socketAt(path)}, Start)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fmt.Println("serving", c.Commit())
	in.ReadString('\n')
}

// groups is how many groups of starts to try: PRNGD_TEST_STARTS, or def.
func groups(def int) int {
	if n, err := strconv.Atoi(os.Getenv("PRNGD_TEST_STARTS")); err == nil {
		return n
	}
	return def
}

// A6: of several starts at the same moment on one path, fresh or left by a daemon
// that ended, exactly one serves, and the others are told that it is in use.
func TestParallelStartsInOneProcess(t *testing.T) {
	const starts = 8
	dir := shortDir(t)
	for group := range groups(200) {
		path := filepath.Join(dir, strconv.Itoa(group))
		if group%2 == 1 {
			plant(t, path, "unix", false)
		}
		var serving, refused atomic.Int32
		var all sync.WaitGroup
		begin := make(chan struct{})
		sets := make([]*Set, starts)
		for i := range sets {
			sets[i] = quietSet(t)
			all.Go(func() {
				<-begin
				c, err := sets[i].Prepare(t.Context(), []Options{socketAt(path)}, Start)
				switch {
				case err == nil && c.Commit() == nil:
					serving.Add(1)
				case errors.Is(err, ErrInUse):
					refused.Add(1)
				default:
					t.Errorf("neither served nor in use: %v", err)
				}
			})
		}
		close(begin)
		all.Wait()
		if serving.Load() != 1 || refused.Load() != starts-1 {
			t.Fatalf("group %d: %d serve, %d are refused", group, serving.Load(), refused.Load())
		}
		if tree := names(t, dir); strings.Contains(tree, tempPrefix) {
			t.Fatalf("left %s", tree)
		}
		for _, s := range sets {
			s.Close()
		}
		if _, err := os.Lstat(path); err == nil {
			t.Fatalf("group %d: the path is left", group)
		}
	}
}

// A6 with processes.
func TestParallelStarts(t *testing.T) {
	const starts = 4
	dir := shortDir(t)
	for group := range groups(10) {
		path := filepath.Join(dir, strconv.Itoa(group))
		if group%2 == 1 {
			plant(t, path, "unix", false)
		}
		serving := startProcesses(t, path, starts)
		if serving != 1 {
			t.Fatalf("group %d: %d serve", group, serving)
		}
	}
}

// startProcesses starts n daemons at the same moment, ends them and returns how
// many served.
func startProcesses(t *testing.T, path string, n int) (serving int) {
	t.Helper()
	var inputs []*os.File
	var outputs []*bufio.Reader
	var running []*exec.Cmd
	for range n {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), startVariable+"="+path)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stdin = r
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		inputs, outputs, running = append(inputs, w), append(outputs, bufio.NewReader(out)), append(running, c)
	}
	for _, in := range inputs {
		in.WriteString("\n")
	}
	for _, out := range outputs {
		line, err := out.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "serving <nil>") && !strings.Contains(line, "already used") {
			t.Errorf("a start said %q, %v", line, err)
		}
		if strings.HasPrefix(line, "serving") {
			serving++
		}
	}
	for i, in := range inputs {
		in.Close()
		running[i].Wait()
	}
	return serving
}
