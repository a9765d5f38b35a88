package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"prngd/config"
	"prngd/gatherers"
	"prngd/process"
)

// order is what the runner is told of one command of prngd.conf.
type order struct {
	Path    string
	Argv    []string
	Timeout time.Duration
}

// atOnce is how many commands run at a time: gatherers.Rotation's first round.
const atOnce = 4

// startRunner starts, for root, the child that runs the commands of prngd.conf
// as somebody who may read neither our memory nor the seed; the program of an
// upgrade takes over the one there is. nil: commands run as whoever started us.
func startRunner(c *config.Config, legacy *handover) (*process.Runner, error) {
	switch {
	case legacy != nil && len(legacy.Runner) > 0:
		var files []*os.File
		for _, fd := range legacy.Runner {
			files = append(files, fileOf(fd, "runner"))
		}
		return process.AdoptRunner(files)
	case os.Getuid() != 0 || len(c.Commands) == 0:
		return nil, nil
	}
	return process.StartRunner(atOnce, c.CommandUser)
}

// startSources is all that can be sampled, and the runner of the commands among
// it, nil if there is none.
func startSources(s *settings, legacy *handover) (*process.Runner, []gatherers.Gatherer, error) {
	commander, err := startRunner(s.Config, legacy)
	if err != nil {
		return nil, nil, err
	}
	list, err := sources(s.Config, commander)
	if err != nil {
		return nil, nil, exitError{exitConfig, fmt.Errorf("%s: %w", s.path, err)}
	}
	return commander, list, nil
}

// byRunner has g's command run by the runner.
func byRunner(g gatherers.Gatherer, r *process.Runner, o order) gatherers.Gatherer {
	g.Gather = func(ctx context.Context) ([]byte, error) {
		request, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		return r.Do(ctx, request)
	}
	return g
}

// runCommands is the life of the runner. Nothing is run before it has become
// user for good; where there is no such user, nobody.
func runCommands(user string, lines []net.Conn) {
	u, err := process.LookupUser(user)
	if err != nil {
		u, err = process.LookupUser("nobody")
	}
	if err == nil {
		err = process.Become(u)
	}
	if err != nil {
		process.ServeRunner(lines, func([]byte) ([]byte, error) {
			return nil, fmt.Errorf("commands are not run as root, and not otherwise: %w", err)
		})
		return
	}
	limitCommands()
	process.ServeRunner(lines, runCommand)
}

// limitCommands is what a command may use at most, beside its time and the
// bytes that are read of it. What the system refuses is no reason to stop.
func limitCommands() {
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256})
	unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 16 << 20, Max: 16 << 20})
}

func runCommand(request []byte) ([]byte, error) {
	var o order
	if err := json.Unmarshal(request, &o); err != nil {
		return nil, fmt.Errorf("reading an order: %w", err)
	}
	return gatherers.Command(o.Path, o.Argv, gatherers.None, 0, o.Timeout, false).Gather(context.Background())
}
