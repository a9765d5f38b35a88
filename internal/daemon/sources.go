package daemon

import (
	"fmt"
	"slices"

	"prngd/gatherers"
	"prngd/internal/config"
	"prngd/internal/prng"
	"prngd/internal/process"
)

// upstreamLimit is what one source of others' data may count before the gate
// is open: half of it, so that none of them opens it alone.
const upstreamLimit = 256

// supply is what sources are made with, beside their lines.
type supply struct {
	runner    *process.Runner // of the commands, if root has started us
	runnerUID int
	owner     int // who has started us
	devices   *devices
	counted   bool // the program before us in this process has counted the files
}

// sources turns a configuration into gatherers: the built-in menu as its
// gatherer lines change it, then its sources, then PRNGD's commands.
func sources(c *config.Config, with supply) ([]gatherers.Gatherer, error) {
	list := gatherers.System()
	for _, line := range c.Gatherers {
		i := slices.IndexFunc(list, func(g gatherers.Gatherer) bool { return g.Name == line.Name })
		switch {
		case i < 0:
			return nil, fmt.Errorf("line %d: gatherer %q: expected one of %v", line.Line, line.Name, names(list))
		case line.Off:
			list = slices.Delete(list, i, i+1)
		default:
			list[i].Every, list[i].Relaxed = line.Every, 0
		}
	}
	for _, s := range c.Sources {
		list = append(list, source(s, with))
	}
	return append(list, commands(c, with)...), nil
}

func names(list []gatherers.Gatherer) (names []string) {
	for _, g := range list {
		names = append(names, g.Name)
	}
	return names
}

func source(s config.Source, with supply) gatherers.Gatherer {
	credit := gatherers.Credit(s.Credit)
	switch s.Kind {
	case "egd":
		return gatherers.EGD(s.Address, credit)
	case "dev":
		return gatherers.Device(s.Target, credit, with.devices.Open)
	}
	if with.counted {
		credit = gatherers.None
	}
	return gatherers.File(s.Target, credit)
}

// commands gives every entry a name of its own: status and pool tell sources
// apart by it.
func commands(c *config.Config, with supply) []gatherers.Gatherer {
	var list []gatherers.Gatherer
	seen := map[string]int{}
	for _, e := range c.Commands {
		g := gatherers.Command(e.Path, e.Argv, gatherers.Credit(e.Rate), 0, c.CommandTimeout, c.CreditCommands)
		if with.owner == 0 {
			g = byRunner(g, with.runner, order{e.Path, e.Argv, c.CommandTimeout})
		}
		if seen[g.Name]++; seen[g.Name] > 1 {
			g.Name = fmt.Sprintf("%s #%d", g.Name, seen[g.Name])
		}
		list = append(list, g)
	}
	return gatherers.Rotation(list)
}

// mix gives a sample to the pool. While the gate is shut, whoever was believed
// is asked again at once: a burst of jitter is half of what opens it.
func (d *daemon) mix(g *gatherers.Gatherer, data []byte, bits int) {
	p := prng.Policy{Name: g.Name, Untrusted: g.Foreign}
	if g.Foreign {
		p.GateLimit = upstreamLimit
	}
	credited := d.pool.Source(p).Add(data, bits)
	if credited > 0 && d.pool.State() == prng.Unseeded {
		d.runner.Kick()
	}
}
