// Mutate changes the code as the list beside it says, one change at a time, and
// reports which changes no test of its package notices.
//
//	go run ./scripts/internal/mutate ./internal/prng ./internal/credit
//
// A package's list is its file mutations.txt: a line of FILE, then one of the text
// that is there once, then one of what replaces it, each after a tab but the
// first, where \n stands for the end of a line; a line that begins with # says why
// the change above it is not noticed. A line that begins with - has more flags for
// go test: which tests are run, or are not because they take long and notice none
// of these changes.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// testLimit bounds the tests of one mutant: a change may make them hang.
const testLimit = 5 * time.Minute

type mutation struct {
	file, old, new string
	excused        bool
	flags          []string // for go test
}

func main() {
	alive := 0
	for _, dir := range os.Args[1:] {
		n, err := mutate(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "mutate:", err)
			os.Exit(2)
		}
		alive += n
	}
	if alive > 0 {
		os.Exit(1)
	}
}

// mutate returns how many changes of one package no test notices, and no line of
// the list explains.
func mutate(dir string) (alive int, err error) {
	list, err := read(filepath.Join(dir, "mutations.txt"))
	if err != nil {
		return 0, err
	}
	var mu sync.Mutex
	var running sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)) // so many at a time
	excused := 0
	for _, m := range list {
		slots <- struct{}{}
		running.Go(func() {
			noticed, tried := try(dir, m)
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, tried)
			switch {
			case tried != nil || noticed && !m.excused:
			case noticed:
				fmt.Println("noticed, though explained:", m)
			case m.excused:
				excused++
			default:
				alive++
				fmt.Println("alive:", m)
			}
			<-slots
		})
	}
	running.Wait()
	fmt.Printf("%s: %d mutants, %d alive, %d of them explained\n", dir, len(list), alive+excused, excused)
	return alive, err
}

func (m mutation) String() string { return fmt.Sprintf("%s: %q -> %q", m.file, m.old, m.new) }

// read parses a list.
func read(path string) (list []mutation, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, flags := bufio.NewScanner(f), []string(nil)
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		last := len(list) - 1
		switch text, indented := strings.CutPrefix(line, "\t"); {
		case line == "":
		case line[0] == '-':
			flags = strings.Fields(line)
		case line[0] == '#' && last >= 0:
			list[last].excused = true
		case !indented:
			list = append(list, mutation{file: line, flags: flags})
		case last >= 0 && list[last].old == "":
			list[last].old = strings.ReplaceAll(text, `\n`, "\n")
		case last >= 0 && list[last].new == "":
			list[last].new = strings.ReplaceAll(text, `\n`, "\n")
		default:
			return nil, fmt.Errorf("%s:%d: expected a file, what is there, what replaces it", path, number)
		}
	}
	return list, lines.Err()
}

// try runs the tests of the package with m and puts the file back.
func try(dir string, m mutation) (noticed bool, err error) {
	path := filepath.Join(dir, m.file)
	before, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	if n := strings.Count(string(before), m.old); n != 1 {
		return false, fmt.Errorf("%s: %q is there %d times, expected once", path, m.old, n)
	}
	overlay, err := overlayOf(path, strings.Replace(string(before), m.old, m.new, 1))
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(filepath.Dir(overlay))
	args := []string{"test", "-overlay", overlay, "-vet", "off", "-short", "-failfast", "-timeout", testLimit.String()}
	test := exec.Command("go", append(append(args, m.flags...), dir)...)
	out, err := test.CombinedOutput()
	if strings.Contains(string(out), "[build failed]") {
		return false, fmt.Errorf("%s: %q does not build:\n%s", path, m.new, out)
	}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return false, err
	}
	return err != nil, nil
}

// overlayOf writes a go build overlay in which the file at path has other text.
func overlayOf(path, text string) (overlay string, err error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	mutant := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(mutant, []byte(text), 0o600); err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace":{%q:%q}}`, absolute, mutant), 0o600)
}
