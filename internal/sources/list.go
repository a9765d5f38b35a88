package sources

import (
	"context"
	"fmt"
	"slices"

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
			return nil, fmt.Errorf("%s: gatherer %q: expected one of %v", line.Where, line.Name, Names(list))
		case line.Off:
			list = slices.Delete(list, i, i+1)
		default:
			list[i].Every, list[i].Relaxed = line.Every, 0
		}
	}
	for _, line := range next.Sources {
		list = append(list, s.source(line, stage))
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

func (s *Sources) source(line config.Source, stage *stage) gatherers.Gatherer {
	switch line.Kind {
	case "egd":
		return gatherers.EGD(line.Address, gatherers.Credit(line.Credit))
	case "dev":
		return gatherers.Device(line.Target, gatherers.Credit(line.Credit), stage.Open)
	}
	return gatherers.File(line.Target, credit.File(line.Credit, s.options.Before != nil))
}

// commands gives every command a name of its own: status and generator tell
// sources apart by it.
func (s *Sources) commands(next Settings) []gatherers.Gatherer {
	var list []gatherers.Gatherer
	seen := map[string]int{}
	for _, e := range next.Commands {
		rate := credit.Command(e.Rate, next.CreditCommands)
		g := gatherers.Command(e.Path, e.Argv, rate, 0, next.CommandTimeout, next.CreditCommands)
		if run := s.options.Run; run != nil {
			g.Gather = func(ctx context.Context) ([]byte, error) { return run(ctx, e.Path, e.Argv, next.CommandTimeout) }
		}
		if seen[g.Name]++; seen[g.Name] > 1 {
			g.Name = fmt.Sprintf("%s #%d", g.Name, seen[g.Name])
		}
		list = append(list, g)
	}
	return gatherers.Rotation(list)
}

// refuse returns why a running daemon cannot have next: it names commands that
// cannot be run, or a device that the present list does not name and that cannot
// be opened.
func (s *Sources) refuse(next Settings, stage *stage) error {
	if len(next.Commands) > 0 && s.options.NoCommands != nil {
		return fmt.Errorf("%s: command %s: %w", next.Commands[0].Where, next.Commands[0].Path, s.options.NoCommands)
	}
	now := Names(s.List())
	for _, line := range next.Sources {
		err := stage.failed[line.Target]
		if line.Kind == "dev" && err != nil && !slices.Contains(now, "dev:"+line.Target) {
			return change.Later(fmt.Errorf("%s: source dev:%s: %w", line.Where, line.Target, err))
		}
	}
	return nil
}
