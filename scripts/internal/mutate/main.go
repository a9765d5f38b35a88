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
	"fmt"
	"log"
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
	log.SetFlags(0)
	log.SetPrefix("mutate: ")
	alive := 0
	for _, dir := range os.Args[1:] {
		alive += mutate(dir)
	}
	if alive > 0 {
		os.Exit(1)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// mutate returns how many changes of one package no test notices, and no line of
// the list explains.
func mutate(dir string) (alive int) {
	list := read(filepath.Join(dir, "mutations.txt"))
	noticed, excused := make([]bool, len(list)), 0
	var running sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)) // so many at a time
	for i, m := range list {
		slots <- struct{}{}
		running.Go(func() {
			noticed[i] = m.noticed(dir)
			if noticed[i] == m.excused {
				fmt.Printf("%s: %s: %q -> %q\n", map[bool]string{true: "noticed, though explained", false: "alive"}[m.excused], m.file, m.old, m.new)
			}
			<-slots
		})
	}
	running.Wait()
	for i, m := range list {
		switch {
		case noticed[i]:
		case m.excused:
			excused++
		default:
			alive++
		}
	}
	fmt.Printf("%s: %d mutants, %d alive, %d of them explained\n", dir, len(list), alive+excused, excused)
	return alive
}

// read parses a list.
func read(path string) (list []mutation) {
	text, err := os.ReadFile(path)
	check(err)
	var flags []string
	for i, line := range strings.Split(string(text), "\n") {
		last := len(list) - 1
		switch text, indented := strings.CutPrefix(strings.ReplaceAll(line, `\n`, "\n"), "\t"); {
		case line == "":
		case line[0] == '-':
			flags = strings.Fields(line)
		case line[0] == '#' && last >= 0:
			list[last].excused = true
		case !indented:
			list = append(list, mutation{file: line, flags: flags})
		case last >= 0 && list[last].old == "":
			list[last].old = text
		case last >= 0 && list[last].new == "":
			list[last].new = text
		default:
			log.Fatalf("%s:%d: expected a file, what is there, what replaces it", path, i+1)
		}
	}
	return list
}

// noticed runs the tests of the package with the change, by a go build overlay of its file.
func (m mutation) noticed(dir string) bool {
	path, err := filepath.Abs(filepath.Join(dir, m.file))
	check(err)
	before, err := os.ReadFile(path)
	check(err)
	if n := strings.Count(string(before), m.old); n != 1 {
		log.Fatalf("%s: %q is there %d times, expected once", path, m.old, n)
	}
	temporary, err := os.MkdirTemp("", "mutate")
	check(err)
	defer os.RemoveAll(temporary)
	mutant, overlay := filepath.Join(temporary, m.file), filepath.Join(temporary, "overlay.json")
	check(os.WriteFile(mutant, []byte(strings.Replace(string(before), m.old, m.new, 1)), 0o600))
	check(os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace":{%q:%q}}`, path, mutant), 0o600))

	args := []string{"test", "-overlay", overlay, "-vet", "off", "-short", "-failfast", "-timeout", testLimit.String()}
	test := exec.Command("go", append(append(args, m.flags...), dir)...)
	out, err := test.CombinedOutput()
	if test.ProcessState == nil {
		check(err)
	}
	if strings.Contains(string(out), "[build failed]") {
		log.Fatalf("%s: %q does not build:\n%s", path, m.new, out)
	}
	return err != nil
}
