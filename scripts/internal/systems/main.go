// Command systems writes what prngd has on each system, read from the files
// that a build for it compiles; nothing of it is run. scripts/systems calls it.
//
//	systems PAGE SHARE TARGET=RUN ...
//
// TARGET is a line of scripts/targets, RUN how our tests run there: native,
// emulated, or compiled for those that are only compiled. The whole page goes
// to the file PAGE, the table of docs/evidence.md to SHARE.
package main

import (
	"errors"
	"fmt"
	"os"
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
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "systems:", err)
		os.Exit(1)
	}
}

func run(page, share string, args []string) (err error) {
	var systems []*system
	for _, arg := range args {
		target, how, _ := strings.Cut(arg, "=")
		goos, arch, _ := strings.Cut(target, "/")
		i := slices.IndexFunc(systems, func(s *system) bool { return s.goos == goos })
		if i < 0 {
			i = len(systems)
			systems = append(systems, &system{goos: goos, run: map[string][]string{}})
			if systems[i].build, err = load(goos, arch); err != nil {
				return fmt.Errorf("%s: %w", target, err)
			}
		}
		systems[i].run[how] = append(systems[i].run[how], arch)
	}
	return errors.Join(os.WriteFile(page, []byte(pageOf(systems)), 0o600), os.WriteFile(share, []byte(shareOf(systems)), 0o600))
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

// pageOf is docs/systems.md.
func pageOf(systems []*system) string {
	var exist, paths []column
	for _, g := range gatherers.System() {
		exist = append(exist, column{g.Name, func(s *system) string { return yes(s.gathers(g.Name)) }})
	}
	for i, head := range []string{"socket", "seed", "configuration", "control socket"} {
		paths = append(paths, column{head, func(s *system) string {
			p := config.DefaultPaths(s.goos, 0, func(string) string { return "" })
			return []string{p.Socket, p.Seed, p.Config, p.Status}[i]
		}})
	}
	return preface + "\n## What it can do there\n\n" + table(systems, column{"run here", (*system).ran},
		column{"sockets by", (*system).driver}, column{"peer is known by", (*system).peer}, column{"upgrade in place", (*system).upgrade},
		column{"writing confined by", (*system).confined}, column{"state left out of core dumps", (*system).hidden},
		column{"notices a clone by", (*system).clones}) +
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
	return table(systems, column{"run here", (*system).ran}, column{"kernel's generator", kernel},
		column{"families", families}, column{"upgrade in place", (*system).upgrade})
}
