package sources

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"prngd/gatherers"
	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/credit"
)

// gatherers returns the built-in gatherers as their lines change them, then the
// sources, then the commands.
func (s *Sources) gatherers(next Settings, stage *stage) ([]gatherers.Gatherer, error) {
	list := gatherers.System()
	for _, line := range next.Gatherers {
		i := slices.IndexFunc(list, func(g gatherers.Gatherer) bool { return g.Name == line.Name })
		switch {
		case i < 0:
			return nil, fmt.Errorf("%s: gatherer %q: expected one of %s", line.Where, line.Name, strings.Join(Names(list), ", "))
		case line.Off:
			list = slices.Delete(list, i, i+1)
		default:
			list[i].Every, list[i].Relaxed = line.Every, 0
		}
	}
	programs := make(chan struct{}, ConcurrentPrograms)
	for _, line := range next.Sources {
		list = append(list, s.source(line, stage, programs))
	}
	return append(list, s.commands(next)...), nil
}

// Names returns the names of a list of gatherers.
func Names(list []gatherers.Gatherer) (names []string) {
	for _, g := range list {
		names = append(names, g.Name)
	}
	return names
}

// ConcurrentPrograms is how many sources that are programs run at a time.
const ConcurrentPrograms = 2

func (s *Sources) source(line config.Source, stage *stage, programs chan struct{}) gatherers.Gatherer {
	rate := gatherers.Credit(line.Credit)
	switch line.Kind {
	case "egd":
		return gatherers.EGD(line.Address, rate)
	case "stream":
		return gatherers.Stream(line.Address, rate)
	case "dev":
		return gatherers.Device(line.Target, rate, stage.opener(gatherers.OpenDevice))
	case "fifo":
		return gatherers.FIFO(line.Target, rate, stage.opener(gatherers.OpenFIFO))
	case "program":
		g := gatherers.Program(line.Argv[0], line.Argv, rate, s.runRaw)
		g.Lane = programs
		return g
	}
	return gatherers.File(line.Target, credit.File(line.Credit, s.options.Before != nil))
}

// runRaw is a [gatherers.RawRunner]: of Options.Run, or children of this process.
func (s *Sources) runRaw(ctx context.Context, path string, argv []string, n int) ([]byte, error) {
	if s.options.Run == nil {
		return gatherers.RunRaw(ctx, path, argv, n)
	}
	const margin = time.Second // for the answer, which says how far the program came
	return s.options.Run(ctx, path, argv, gatherers.StreamLimit-margin, n)
}

// commands gives every command a name of its own: status and generator tell
// sources apart by it. One that is named again counts once: it prints the same.
func (s *Sources) commands(next Settings) []gatherers.Gatherer {
	var list []gatherers.Gatherer
	seen := map[string]int{}
	for _, e := range next.Commands {
		rate := credit.Command(e.Rate, next.CreditCommands)
		g := gatherers.Command(e.Path, e.Argv, rate, 0, next.CommandTimeout)
		if run := s.options.Run; run != nil {
			g.Gather = func(ctx context.Context) ([]byte, error) { return run(ctx, e.Path, e.Argv, next.CommandTimeout, 0) }
		}
		if seen[g.Name]++; seen[g.Name] > 1 {
			g.Name, g.Credit = fmt.Sprintf("%s #%d", g.Name, seen[g.Name]), gatherers.None
		}
		list = append(list, g)
	}
	return gatherers.Rotation(list)
}

// refuse returns why a running daemon cannot have next: it names programs that
// cannot be run, or a device or pipe that the present list does not name and that
// cannot be opened.
func (s *Sources) refuse(next Settings, stage *stage) error {
	noCommands := s.options.NoCommands
	if len(next.Commands) > 0 && noCommands != nil {
		return fmt.Errorf("%s: command %s: %w", next.Commands[0].Where, next.Commands[0].Path, noCommands)
	}
	now := Names(s.List())
	for _, line := range next.Sources {
		name := line.Kind + ":" + line.Target
		if line.Kind == "program" && noCommands != nil {
			return fmt.Errorf("%s: source %s: %w", line.Where, name, noCommands)
		}
		if err := stage.failed[line.Target]; err != nil && !slices.Contains(now, name) {
			return change.Later(fmt.Errorf("%s: source %s: %w", line.Where, name, err))
		}
	}
	return nil
}
