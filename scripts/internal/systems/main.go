// Command systems writes what prngd has on each system, read from the files
// that a build for it compiles; nothing of it is run. scripts/systems calls it.
//
//	systems DIRECTORY NATIVE EMULATED TARGET...
//
// TARGET is a line of scripts/targets; NATIVE and EMULATED are lists of Linux's processors on which our tests run so,
// the others are only compiled for. The page systems.md is written into DIRECTORY, and docs/evidence.md with its table
// made again.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"prngd/gatherers"
	"prngd/internal/config"
)

// system is one GOOS with all its processors.
type system struct {
	goos string
	run  map[string][]string // from how they are run to processors
	build
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("systems: ")
	if err := run(os.Args[1], strings.Fields(os.Args[2]), strings.Fields(os.Args[3]), os.Args[4:]); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, native, emulated, targets []string) (err error) {
	var systems []*system
	for _, target := range targets {
		goos, arch, _ := strings.Cut(target, "/")
		i := slices.IndexFunc(systems, func(s *system) bool { return s.goos == goos })
		if i < 0 {
			i = len(systems)
			systems = append(systems, &system{goos: goos, run: map[string][]string{}})
			if systems[i].build, err = load(goos, arch); err != nil {
				return fmt.Errorf("%s: %w", target, err)
			}
		}
		how := "compiled"
		switch {
		case goos == "linux" && slices.Contains(native, arch):
			how = "native"
		case goos == "linux" && slices.Contains(emulated, arch):
			how = "emulated"
		}
		systems[i].run[how] = append(systems[i].run[how], arch)
	}
	evidence, err := os.ReadFile("docs/evidence.md")
	text, again := withTable(string(evidence), shareOf(systems))
	return errors.Join(err, again, os.WriteFile(filepath.Join(dir, "systems.md"), []byte(pageOf(systems)), 0o600),
		os.WriteFile(filepath.Join(dir, "evidence.md"), []byte(text), 0o600))
}

// withTable is text with another table between its two marks.
func withTable(text, table string) (string, error) {
	marks := regexp.MustCompile(`(?s)(\n<!-- systems -->\n).*(\n<!-- /systems -->\n)`)
	if !marks.MatchString(text) {
		return text, errors.New("docs/evidence.md has no line <!-- systems --> and <!-- /systems -->")
	}
	return marks.ReplaceAllString(text, "${1}\n"+strings.ReplaceAll(table, "$", "$$")+"${2}"), nil
}

// column is one of a table: its head, and what it has for a system.
type column struct {
	head string
	cell func(*system) string
}

func table(systems []*system, columns ...column) string {
	rows := make([]string, len(systems)+2)
	for _, c := range append([]column{{"system", func(s *system) string { return s.goos }}}, columns...) {
		rows[0] += "| " + c.head + " "
		rows[1] += "|---"
		for i, s := range systems {
			rows[i+2] += "| " + c.cell(s) + " "
		}
	}
	return strings.Join(rows, "|\n") + "|\n"
}

const preface = `# Systems

Made by ` + "`scripts/systems --write`" + ` from what each build compiles. What was only compiled may still not work: say so
to us, or say that it does.

| run here | what that means |
|---|---|
| native | all of ` + "`scripts/test`" + `; of 386, ` + "`scripts/emulated 386`" + ` |
| emulated | ` + "`scripts/emulated`" + `: the generator's vectors, the protocol's and the server's transcripts, and a daemon's life but for the upgrade in place, by qemu-user |
| compiled | ` + "`scripts/test cross`" + `: it builds, tests included, and go vet has nothing to say |
`

// upgrades says whether a new program can take the place of a running daemon.
var upgrades = column{"upgrade in place", first("–", "internal/upgrade/exec_linux.go", "yes")}

// pageOf is docs/systems.md.
func pageOf(systems []*system) string {
	var exist, paths []column
	for _, g := range gatherers.System() {
		exist = append(exist, column{g.Name, func(s *system) string { return map[bool]string{true: "yes", false: "–"}[s.gathers(g.Name)] }})
	}
	for i, head := range []string{"socket", "seed", "configuration", "control socket"} {
		paths = append(paths, column{head, func(s *system) string {
			p := config.DefaultPaths(s.goos, 0, func(string) string { return "" })
			return []string{p.Socket, p.Seed, p.Config, p.Status}[i]
		}})
	}
	return preface + "\n## What it can do there\n\n" + table(systems, column{"run here", (*system).ran},
		column{"sockets by", first("package net", "internal/server/epoll_linux.go", "epoll, one thread")},
		column{"peer is known by", (*system).peer}, upgrades,
		column{"writing confined by", first("–", "internal/privileges/confine_linux.go", "Landlock", "internal/privileges/confine_openbsd.go", "unveil, pledge")},
		column{"state left out of core dumps", first("yes", "internal/prng/secret_other.go", "–")}, // one by one; as a whole they are off everywhere
		column{"notices a clone by", first("–", "gatherers/clock_generation_linux.go", "/dev/vmclock0, uevents",
			"gatherers/clock_generation_freebsd.go", "dev.vmgenc.0.guid", "gatherers/clock_generation_netbsd.go", "kern.entropy.epoch")}) +
		"\n## The kernel's generator\n\n" + table(systems, column{"how it is asked", (*system).kernel}) +
		"\n## Gatherers\n\nA family that a system's statistics do not serve retires at the start and is shown as absent by `egdquery status`.\n\n" +
		table(systems, exist...) + "\n## Default paths for root\n\n" + table(systems, paths...)
}

// shareOf is the table of docs/evidence.md.
func shareOf(systems []*system) string {
	kernel := func(s *system) string {
		short, _, _ := strings.Cut(s.kernel(), ":")
		return short
	}
	families := func(s *system) string {
		var names []string
		for _, g := range gatherers.System() {
			if g.Name != "kernel" && g.Name != "jitter" && s.gathers(g.Name) {
				names = append(names, g.Name)
			}
		}
		return strings.Join(names, " ")
	}
	return table(systems, column{"run here", (*system).ran}, column{"kernel's generator", kernel}, column{"families", families}, upgrades)
}

// first is a cell: the text behind the first of these files that a build compiles.
func first(none string, filesAndTexts ...string) func(*system) string {
	return func(s *system) string {
		for pair := range slices.Chunk(filesAndTexts, 2) {
			if s.files[pair[0]] {
				return pair[1]
			}
		}
		return none
	}
}

// ran lists the processors by how they are run, the best first.
func (s *system) ran() string {
	var parts []string
	for _, how := range []string{"native", "emulated", "compiled"} {
		if len(s.run[how]) > 0 {
			parts = append(parts, how+": "+strings.Join(s.run[how], " "))
		}
	}
	return strings.Join(parts, "; ")
}

// kernel says how the kernel's generator is asked, and what its bytes count for: of a device, what deviceState of
// gatherers/kernel_other.go returns for this system, or else at its end.
func (s *system) kernel() string {
	returns := regexp.MustCompile(`(?:case .*"` + s.goos + `".*\n\s*|\n\t)return (Kernel\w+)\n`).FindStringSubmatch(s.functions["prngd/gatherers.deviceState"])
	return first("", "gatherers/kernel_linux.go", "getrandom, /dev/urandom; counts once the kernel says that it is seeded",
		"gatherers/kernel_freebsd.go", "getrandom; counts, since it refuses until it is seeded",
		"gatherers/kernel_netbsd.go", "/dev/urandom; counts if kern.entropy.needed is 0",
		"gatherers/kernel_other.go", "/dev/urandom; "+map[string]string{
			"KernelSeeded":   "counts: it is seeded before any process runs",
			"KernelUnproven": "mixed, counts nothing: it does not say whether it is seeded",
		}[append(returns, "", "")[1]])(s)
}

// peer says what is known of a client: nothing where ofFD asks nobody, and the process where it reads one.
func (s *system) peer() string {
	asks := s.functions["prngd/internal/peercred.ofFD"]
	switch {
	case !called.MatchString(asks):
		return "–"
	case strings.Contains(asks, " pid("):
		return "uid, pid"
	}
	return "uid"
}
