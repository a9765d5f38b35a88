package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"prngd/internal/config"
)

const preface = `# Systems

Made by ` + "`scripts/systems --write`" + ` from what each build compiles. What was only compiled may still not work: say so
to us, or say that it does.

| run here | what that means |
|---|---|
| native | all of ` + "`scripts/test`" + `; of 386, ` + "`scripts/emulated 386`" + ` |
| emulated | ` + "`scripts/emulated`" + `: the generator's vectors, the protocol's and the server's transcripts, and a daemon's life but for the upgrade in place, by qemu-user |
| compiled | ` + "`scripts/test cross`" + `: it builds, tests included, and go vet has nothing to say |
`

// printPage writes docs/systems.md.
func printPage(w io.Writer, systems []*system) error {
	var page strings.Builder
	page.WriteString(preface)

	fmt.Fprint(&page, "\n## What it can do there\n\n")
	table(&page, []string{"system", "run here", "sockets by", "peer is known by", "upgrade in place", "writing confined by", "state left out of core dumps", "notices a clone by"}, systems,
		func(s *system) []string {
			return []string{s.ran(), s.driver(), s.peer(), s.upgrade(), s.confined(), s.hidden(), s.clones()}
		})

	fmt.Fprint(&page, "\n## The kernel's generator\n\n")
	table(&page, []string{"system", "how it is asked"}, systems, func(s *system) []string { return []string{s.kernel()} })

	fmt.Fprint(&page, "\n## Gatherers\n\nA family that a system's statistics do not serve retires at the start and is shown as absent by `egdquery status`.\n\n")
	names, _ := systems[0].build.gatherers()
	table(&page, append([]string{"system"}, names...), systems, func(s *system) (row []string) {
		_, exists := s.build.gatherers()
		for _, name := range names {
			row = append(row, yes(exists[name]))
		}
		return row
	})

	fmt.Fprint(&page, "\n## Default paths for root\n\n")
	table(&page, []string{"system", "socket", "seed", "configuration", "control socket"}, systems, func(s *system) []string {
		p := config.DefaultPaths(s.goos, 0, func(string) string { return "" })
		return []string{p.Socket, p.Seed, p.Config, p.Status}
	})
	_, err := io.WriteString(w, page.String())
	return err
}

// printShort writes the table of docs/evidence.md.
func printShort(w io.Writer, systems []*system) error {
	var share strings.Builder
	table(&share, []string{"system", "run here", "kernel's generator", "families", "upgrade in place"}, systems, func(s *system) []string {
		names, exists := s.build.gatherers()
		families := slices.DeleteFunc(names, func(n string) bool { return n == "kernel" || n == "jitter" || !exists[n] })
		kernel, _, _ := strings.Cut(s.kernel(), ":")
		return []string{s.ran(), kernel, strings.Join(families, " "), s.upgrade()}
	})
	_, err := io.WriteString(w, share.String())
	return err
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

func table(w io.Writer, heads []string, systems []*system, row func(*system) []string) {
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
	for _, s := range systems {
		fmt.Fprintf(w, "| %s | %s |\n", s.goos, strings.Join(row(s), " | "))
	}
}
