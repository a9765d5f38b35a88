package seedfile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"prngd/seedfile"
)

// stirs makes cycles and returns what they saw. Every cycle writes blocks that all
// depend on one number, so that a torn file would show.
func stirs(path string, label string, n int) (seen [][]byte, err error) {
	x, err := seedfile.OpenExchange(path, os.Geteuid())
	if err != nil {
		return nil, err
	}
	defer x.Close()
	out := &stream{label: label}
	for len(seen) < n {
		err := x.Stir(context.Background(), out, func(b []byte) { seen = append(seen, bytes.Clone(b)) })
		if err != nil && !errors.Is(err, seedfile.ErrBusy) {
			return nil, err
		}
	}
	return seen, nil
}

// stirMany is one of the competing processes: it prints the hash of what each of
// its cycles saw and of what it left.
func stirMany() error {
	runtime.LockOSThread()
	n, err := strconv.Atoi(os.Getenv("STIRS"))
	if err != nil {
		return err
	}
	seen, err := stirs(os.Getenv("EXCHANGE"), os.Getenv("LABEL"), n)
	for i, b := range seen {
		fmt.Printf("%x %x\n", sha256.Sum256(b), sha256.Sum256(left(os.Getenv("LABEL"), i, b)))
	}
	return err
}

// left is what the i-th cycle of a process wrote over what it saw.
func left(label string, i int, saw []byte) []byte {
	var out [seedfile.ExchangeSize]byte
	(&stream{label: label, n: uint64(i) * seedfile.ExchangeSize / 32}).Read(out[:])
	seedfile.Combine(&out, saw)
	return out[:]
}

// chain checks that cycles, given as what each saw and what it left, follow each
// other: what one left, exactly one other saw, whole; the last was seen by
// nobody. Hence no two saw the same, and none saw a torn file.
func chain(t *testing.T, first, last string, cycles [][2]string) {
	t.Helper()
	next := map[string]string{}
	for _, c := range cycles {
		if _, twice := next[c[0]]; twice {
			t.Errorf("the same 1024 bytes were seen twice")
		}
		next[c[0]] = c[1]
	}
	at := first
	for range cycles {
		following, ok := next[at]
		if !ok {
			t.Fatalf("nobody saw what one cycle left: a torn or lost write")
		}
		at = following
	}
	if at != last {
		t.Error("the chain does not end with the file")
	}
}

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func TestExchangeGoroutines(t *testing.T) {
	path := t.TempDir() + "/prng_exch"
	first := noise("first", 1024)
	write(t, path, first, 0o600)
	var all sync.WaitGroup
	var mu sync.Mutex
	var cycles [][2]string
	for p := range 8 {
		all.Go(func() {
			label := fmt.Sprint("goroutine ", p)
			seen, err := stirs(path, label, 20)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for i, b := range seen {
				cycles = append(cycles, [2]string{sum(b), sum(left(label, i, b))})
			}
		})
	}
	all.Wait()
	chain(t, sum(first), sum(read(t, path)), cycles)
}

// 50 processes at once never see the same 1024 bytes twice, and never a torn file.
func TestExchangeProcesses(t *testing.T) {
	const processes, each = 50, 10
	path := t.TempDir() + "/prng_exch"
	first := noise("first", 1024)
	write(t, path, first, 0o600)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output := make([]bytes.Buffer, processes)
	commands := make([]*exec.Cmd, processes)
	for p := range processes {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "SEEDFILE_TEST_TASK=stir", "EXCHANGE="+path,
			fmt.Sprint("STIRS=", each), fmt.Sprint("LABEL=process ", p))
		cmd.Stdout, cmd.Stderr = &output[p], os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		commands[p] = cmd
	}
	var cycles [][2]string
	for p, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(output[p].String()) {
			var c [2]string
			if _, err := fmt.Sscan(line, &c[0], &c[1]); err != nil {
				t.Fatal(err)
			}
			cycles = append(cycles, c)
		}
	}
	if len(cycles) != processes*each {
		t.Errorf("%d cycles", len(cycles))
	}
	chain(t, sum(first), sum(read(t, path)), cycles)
}
