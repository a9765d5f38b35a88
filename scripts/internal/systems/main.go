// Command systems prints what prngd has on each system, read from the files
// that a build for it compiles; nothing of it is run. scripts/systems calls it.
//
//	systems [-short] TARGET=RUN ...
//
// TARGET is a line of scripts/targets, RUN how our tests run there: native,
// emulated, or compiled for those that are only compiled. The whole page goes
// to standard output, or the share of docs/evidence.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// system is one GOOS with all its processors.
type system struct {
	goos       string
	processors []string            // GOARCH, in the order given
	run        map[string][]string // from how they are run to processors
	build      build
}

func main() {
	short := flag.Bool("short", false, "print the share of docs/evidence.md")
	flag.Parse()
	if err := run(flag.Args(), *short); err != nil {
		fmt.Fprintln(os.Stderr, "systems:", err)
		os.Exit(1)
	}
}

func run(args []string, short bool) error {
	systems, err := parse(args)
	if err != nil {
		return err
	}
	for _, s := range systems {
		if s.build, err = load(s.goos, s.processors[0]); err != nil {
			return fmt.Errorf("%s: %w", s.goos, err)
		}
	}
	if short {
		return printShort(os.Stdout, systems)
	}
	return printPage(os.Stdout, systems)
}

func parse(args []string) (systems []*system, err error) {
	for _, arg := range args {
		target, how, _ := strings.Cut(arg, "=")
		goos, arch, found := strings.Cut(target, "/")
		if !found || !slices.Contains([]string{"native", "emulated", "compiled"}, how) {
			return nil, fmt.Errorf("%q: expected GOOS/GOARCH=native, emulated or compiled", arg)
		}
		i := slices.IndexFunc(systems, func(s *system) bool { return s.goos == goos })
		if i < 0 {
			i = len(systems)
			systems = append(systems, &system{goos: goos, run: map[string][]string{}})
		}
		s := systems[i]
		s.processors = append(s.processors, arch)
		s.run[how] = append(s.run[how], arch)
	}
	return systems, nil
}
