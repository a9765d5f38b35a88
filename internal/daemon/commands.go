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

	"prngd/gatherers"
	"prngd/internal/commands"
	"prngd/internal/config"
	"prngd/internal/privileges"
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
// upgrade takes over the one there is. Commands of others run as those.
func (with *supply) startRunner(c *config.Config, legacy *handover) (err error) {
	switch {
	case legacy != nil && len(legacy.Runner) > 0:
		var files []*os.File
		for _, fd := range legacy.Runner {
			files = append(files, fileOf(fd, "runner"))
		}
		with.runnerUID = legacy.RunnerUID
		with.runner, err = commands.AdoptRunner(files)
		return err
	case legacy != nil || with.owner != 0 || len(c.Commands) == 0:
		return nil
	}
	if u, err := commandUser(c.CommandUser); err == nil {
		with.runnerUID = u.UID
	}
	if with.runner, err = commands.StartRunner(atOnce, c.CommandUser); err != nil {
		with.runner = commands.Unavailable(err) // the commands' own trouble
	}
	return nil
}

// startSources is all that can be sampled, and what it was made with.
func startSources(s *settings, legacy *handover) (with supply, list []gatherers.Gatherer, err error) {
	with = supply{owner: starter(legacy), devices: inheritedDevices(legacy), counted: legacy != nil}
	if err := with.startRunner(s.Config, legacy); err != nil {
		return with, nil, err
	}
	if list, err = sources(s.Config, with); err != nil {
		return with, nil, exitError{exitConfig, fmt.Errorf("%s: %w", s.path, err)}
	}
	return with, list, nil
}

// byRunner has g's command run by the runner. Where there is none, root has
// started us without a command.
func byRunner(g gatherers.Gatherer, r *commands.Runner, o order) gatherers.Gatherer {
	g.Gather = func(ctx context.Context) ([]byte, error) {
		if r == nil {
			return nil, errors.New("needs a restart: what runs commands for root is started before there is a secret")
		}
		request, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		return r.Do(ctx, request)
	}
	return g
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
		err = becomeRunner(u)
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

// becomeRunner gives up everything, and returns what is left nevertheless.
func becomeRunner(u privileges.User) error {
	if err := privileges.Become(u); err != nil {
		return err
	}
	errs := []error{privileges.DropCapabilities(), privileges.Undumpable()}
	for _, pair := range (privileges.Asked{User: &u, NoCapabilities: true}).Pairs(privileges.Read()) {
		if !pair.OK() {
			errs = append(errs, fmt.Errorf("%s: asked for %s, is %s", pair.What, pair.Asked, pair.Is))
		}
	}
	return errors.Join(errs...)
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
