// Package house holds the source to its own rules: which package may import which, how large a function, a struct
// and a circle of files may be, what has to have a comment, and which words a comment does without.
//
// What offended when a rule was made stands in offenders.txt with its figure. It may get better and not worse, and
// nothing is added: `go test ./test/house -update` lowers the figures and takes out what offends no more.
package house

import (
	"flag"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "lower the figures in offenders.txt to those of today; without the file, write it")

const (
	root      = "../.."
	offenders = "offenders.txt"
)

// figures maps an offence, as "rule subject", to its figure: a number of lines, fields, files or words.
type figures map[string]int

// TestHouse looks at every file of the module.
func TestHouse(t *testing.T) {
	now := figures{}
	for _, dir := range packages(t) {
		p, err := parse(dir)
		if err != nil {
			t.Fatal(err)
		}
		p.measure(now)
	}
	for _, file := range prosaic(t) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(objections(file, text)); n > 0 {
			now["words "+file] = n
		}
	}
	allowed, err := readFigures()
	if *update {
		if err := allowed.lower(now, os.IsNotExist(err)).write(); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, worse := range allowed.against(now) {
		t.Error(worse)
	}
}

// against says what is worse now than it may be, and where to look.
func (allowed figures) against(now figures) (worse []string) {
	for _, offence := range now.sorted() {
		if now[offence] <= allowed[offence] {
			continue
		}
		rule, subject, _ := strings.Cut(offence, " ")
		say := fmt.Sprintf("%s: %s %d, at most %d", subject, rule, now[offence], max(limits[rule], allowed[offence]))
		if rule == "words" {
			text, _ := os.ReadFile(filepath.Join(root, subject))
			say += ":\n" + strings.Join(objections(subject, text), "\n")
		}
		worse = append(worse, say)
	}
	return worse
}

// lower returns what remains of the figures: the smaller of both. The first time it is those of today.
func (allowed figures) lower(now figures, first bool) figures {
	if first {
		return now
	}
	next := figures{}
	for offence, n := range allowed {
		if is := min(n, now[offence]); is > 0 {
			next[offence] = is
		}
	}
	return next
}

func (f figures) sorted() (list []string) {
	for offence := range f {
		list = append(list, offence)
	}
	slices.Sort(list)
	return list
}

func readFigures() (figures, error) {
	f := figures{}
	text, err := os.ReadFile(offenders)
	for line := range strings.Lines(string(text)) {
		n, offence, ok := strings.Cut(strings.TrimSpace(line), " ")
		if f[offence], err = strconv.Atoi(n); err != nil || !ok {
			return nil, fmt.Errorf("%s: %q, expected a number, a rule and a subject", offenders, line)
		}
	}
	return f, err
}

func (f figures) write() error {
	var text strings.Builder
	for _, offence := range f.sorted() {
		fmt.Fprintln(&text, f[offence], offence)
	}
	return os.WriteFile(offenders, []byte(text.String()), 0o644)
}

// walk calls see with the path of every file of ours, from the top of the repository.
func walk(t *testing.T, see func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "dist" || d.Name() == "fuzz" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return fs.SkipDir
		}
		if path, err = filepath.Rel(root, path); err == nil && d.Type().IsRegular() {
			see(filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// packages are the directories of this module that have Go files for this system.
func packages(t *testing.T) (dirs []string) {
	walk(t, func(path string) {
		dir := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(path, ".go") && !strings.HasPrefix(dir, "packaging") && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	})
	return slices.DeleteFunc(dirs, func(dir string) bool {
		_, err := build.ImportDir(filepath.Join(root, dir), 0)
		return err != nil
	})
}

// TestRatchet shows the ratchet something new, something worse and something better.
func TestRatchet(t *testing.T) {
	allowed := figures{"lines a.F": 70, "lines a.G": 65, "lines a.gone": 90}
	now := figures{"lines a.F": 71, "lines a.G": 61, "lines a.H": 61}
	if worse := allowed.against(now); len(worse) != 2 || !strings.Contains(worse[0], "a.F: lines 71, at most 70") || !strings.Contains(worse[1], "a.H: lines 61, at most 60") {
		t.Errorf("%q", worse)
	}
	next := allowed.lower(now, false)
	if len(next) != 2 || next["lines a.F"] != 70 || next["lines a.G"] != 61 {
		t.Errorf("lowered to %v", next)
	}
}
