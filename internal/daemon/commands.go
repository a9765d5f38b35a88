package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/internal/commands"
	"prngd/internal/config"
	"prngd/internal/privileges"
	"prngd/internal/sources"
)

// order is what the runner is told of one command of prngd.conf.
type order struct {
	Path    string
	Argv    []string
	Timeout time.Duration
}

// atOnce is how many commands run at a time: gatherers.Rotation's first round.
const atOnce = 4

// commandRunner is the child that runs commands, and the uid it runs them as.
type commandRunner struct {
	runner *commands.Runner // nil: there is none
	uid    int
}

// startRunner starts, for root, the child that runs the commands of prngd.conf
// as a user who may read neither our memory nor the seed; the program of an
// upgrade takes over the one there is. Commands of others run as those.
func startRunner(s *config.Settings, legacy *handover) (with commandRunner, err error) {
	switch {
	case legacy != nil && len(legacy.Runner) > 0:
		var files []*os.File
		for _, fd := range legacy.Runner {
			files = append(files, fileOf(fd, "runner"))
		}
		with.uid = legacy.RunnerUID
		with.runner, err = commands.AdoptRunner(files)
		return with, err
	case legacy != nil || starter(legacy) != 0 || len(s.Commands) == 0:
		return with, nil
	}
	if u, err := commandUser(s.CommandUser.Name); err == nil {
		with.uid = u.UID
	}
	with.runner, err = commands.StartRunner(atOnce, s.CommandUser.Name)
	return with, err
}

// run has the child run a command.
func (with commandRunner) run(ctx context.Context, path string, argv []string, timeout time.Duration) ([]byte, error) {
	if with.runner == nil {
		return nil, errNoRunner
	}
	request, err := json.Marshal(order{path, argv, timeout})
	if err != nil {
		return nil, err
	}
	return with.runner.Do(ctx, request)
}

// errNoRunner refuses commands of a daemon that root has started without one.
var errNoRunner = errors.New("restart required: the process that runs commands for root is started with the daemon")

// newSources returns sources with the gatherers of s in effect.
func newSources(s *config.Settings, log *logrus.Logger, with commandRunner, legacy *handover) (*sources.Sources, error) {
	o := sources.Options{Log: log}
	if legacy != nil {
		o.Before = legacy.Sources
		if o.Before == nil {
			o.Before = new(sources.State)
		}
	}
	if starter(legacy) == 0 {
		o.Run = with.run
		if with.runner == nil {
			o.NoCommands = errNoRunner
		}
	}
	all := sources.New(o)
	c, err := all.Prepare(sourceSettings(s))
	if err != nil {
		return nil, exitError{exitConfig, err}
	}
	return all, c.Commit()
}

// sourceSettings is what c says of sources.
func sourceSettings(c *config.Settings) sources.Settings {
	return sources.Settings{
		Gatherers: c.Gatherers, Sources: c.Sources, Commands: c.Commands,
		CommandTimeout: c.CommandTimeout, CreditCommands: c.CreditCommands,
	}
}

// listSources is all that could be sampled, for a program that does not serve.
func listSources(s *config.Settings) ([]gatherers.Gatherer, error) {
	with, err := startRunner(s, nil)
	if err != nil {
		return nil, err
	}
	all, err := newSources(s, logrus.New(), with, nil)
	if err != nil {
		return nil, err
	}
	return all.List(), nil
}

// commandUser is who runs commands for root; where there is no such user, nobody.
func commandUser(name string) (privileges.User, error) {
	u, err := privileges.Lookup(name)
	if err != nil {
		u, err = privileges.Lookup("nobody")
	}
	if err == nil && u.UID == 0 {
		err = fmt.Errorf("user %s is root", u.Name)
	}
	return u, err
}

// runCommands is the life of the runner. Nothing is run before it has become
// user for good.
func runCommands(user string, lines []net.Conn) {
	u, err := commandUser(user)
	if err == nil {
		err = privileges.Become(u)
	}
	if err != nil {
		commands.ServeRunner(lines, func(context.Context, []byte) ([]byte, error) {
			return nil, fmt.Errorf("commands are not run as root, and not otherwise: %w", err)
		})
		return
	}
	if err := commands.AdoptOrphans(); err == nil {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go commands.Reap(ctx)
	}
	commands.ServeRunner(lines, runCommand)
}

// runCommand runs one command within limits. All that it has started ends with
// it, with the daemon, and at its time.
func runCommand(ctx context.Context, request []byte) ([]byte, error) {
	var o order
	if err := json.Unmarshal(request, &o); err != nil {
		return nil, fmt.Errorf("reading an order: %w", err)
	}
	if err := commands.Runnable(o.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("not found")
	} else if err != nil {
		return nil, err
	}
	self, args, err := commands.Limited(o.Path, o.Argv)
	if err != nil {
		return nil, fmt.Errorf("finding our own program file: %w", err)
	}
	defer commands.EndOrphans() // who has left the process group
	return gatherers.Command(self, args, gatherers.None, 0, o.Timeout, false).Gather(ctx)
}
