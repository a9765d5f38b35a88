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
	"prngd/internal/change"
	"prngd/internal/commands"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/privileges"
	"prngd/internal/sources"
)

// commandRequest is what the runner is told of one command of prngd.conf, or of a
// program that writes without end.
type commandRequest struct {
	Path    string
	Argv    []string
	Timeout time.Duration
	Raw     int // bytes to take from standard output; 0: a command, all that it says
}

// concurrentCommands is how many commands run at a time: the first round of
// gatherers.Rotation.
const concurrentCommands = 4

// commandRunner is the part that holds the child which runs, for root, the commands
// of prngd.conf as a user who can read neither the daemon's memory nor the seed.
// Commands of other users run as those.
type commandRunner struct {
	log    *logrus.Logger
	runner *commands.Runner // nil: there is none
	uid    int              // it runs commands as
}

// commandState is the section of a state document.
type commandState struct {
	FDs []int `json:"fds"` // conversations with the runner
	UID int   `json:"uid"`
}

// start starts the runner if s has commands that root is not to run. It belongs
// before there is any secret. A runner that cannot be started is no reason not to
// serve: the commands fail, each with the reason.
func (p *commandRunner) start(s *config.Settings) {
	if s.Owner != 0 || !s.RunsPrograms() || p.runner != nil {
		return
	}
	p.uid = s.CommandUser.UID
	account, err := json.Marshal(s.CommandUser)
	if err == nil {
		p.runner, err = commands.StartRunner(concurrentCommands+sources.ConcurrentPrograms, string(account))
	}
	if err != nil {
		p.log.WithError(err).Warn("the commands of prngd.conf are not run")
		p.runner = commands.Unavailable(err)
	}
}

// run has the child run a command.
func (p *commandRunner) run(ctx context.Context, path string, argv []string, timeout time.Duration, raw int) ([]byte, error) {
	if p.runner == nil {
		return nil, errNoRunner
	}
	request, err := json.Marshal(commandRequest{path, argv, timeout, raw})
	if err != nil {
		return nil, err
	}
	return p.runner.Do(ctx, request)
}

// errNoRunner refuses commands of a daemon that root has started without one.
var errNoRunner = errors.New("restart required: the process that runs commands for root is started with the daemon")

func (p *commandRunner) prepare(context.Context, *config.Settings, manner) (change.Change, error) {
	return change.None{}, nil
}

func (p *commandRunner) report(*control.Report) {}

func (p *commandRunner) handOver(s *state) error {
	handed := commandState{UID: p.uid}
	for _, f := range p.runner.Files() {
		fd, err := descriptorOf(f) // Fd would make it blocking
		if err != nil {
			return err
		}
		handed.FDs = append(handed.FDs, fd)
	}
	return s.put("commands", handed, handed.FDs...)
}

func (p *commandRunner) adopt(s *state) (err error) {
	var handed commandState
	if found, err := s.get("commands", &handed); !found || len(handed.FDs) == 0 {
		return err
	}
	p.uid = handed.UID
	if s.preflight {
		p.runner = new(commands.Runner) // of the daemon that serves
		return nil
	}
	var files []*os.File
	for _, fd := range handed.FDs {
		files = append(files, inherited(fd, "runner"))
	}
	p.runner, err = commands.AdoptRunner(files)
	return err
}

func (p *commandRunner) close() {}

// denied is the uid that gets nothing from the control socket: that of the
// commands. -1 is no uid.
func (p *commandRunner) denied() int {
	if p.runner == nil {
		return -1
	}
	return p.uid
}

// runCommands is the life of the runner. account is the one that the daemon has
// resolved, as JSON; nothing is run before the runner has become it for good.
func runCommands(account string, conversations []net.Conn) {
	var a config.Account
	err := json.Unmarshal([]byte(account), &a)
	if err == nil {
		err = becomeRunner(a)
	}
	if err != nil {
		commands.ServeRunner(conversations, func(context.Context, []byte) ([]byte, error) {
			return nil, fmt.Errorf("commands are not run as root, and not otherwise: %w", err)
		})
		return
	}
	if err := commands.AdoptOrphans(); err == nil {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go commands.Reap(ctx)
	}
	commands.ServeRunner(conversations, runCommand)
}

// becomeRunner gives up everything that a command has no business with, and
// returns what is left nevertheless.
func becomeRunner(a config.Account) error {
	switch {
	case a.Missing:
		return fmt.Errorf("there is no user %s", a.Name)
	case a.UID == 0:
		return fmt.Errorf("user %s is root", a.Name)
	}
	u := privileges.User{Name: a.Name, UID: a.UID, GID: a.GID, Groups: a.Groups}
	if err := privileges.Become(u); err != nil {
		return err
	}
	var errs []error
	for _, err := range []error{privileges.DropCapabilities(), privileges.Undumpable()} {
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			errs = append(errs, err)
		}
	}
	for _, c := range (privileges.Asked{User: &u, NoCapabilities: true}).Checks(privileges.Read()) {
		if !c.OK() {
			errs = append(errs, fmt.Errorf("%s: asked for %s, is %s", c.What, c.Asked, c.Is))
		}
	}
	return errors.Join(errs...)
}

// runCommand runs one command within limits. All that it has started ends with
// it, with the daemon, and at its time.
func runCommand(ctx context.Context, request []byte) ([]byte, error) {
	var r commandRequest
	if err := json.Unmarshal(request, &r); err != nil {
		return nil, fmt.Errorf("reading a command request: %w", err)
	}
	if err := commands.Runnable(r.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("not found")
	} else if err != nil {
		return nil, err
	}
	self, args, err := commands.Limited(r.Path, r.Argv)
	if err != nil {
		return nil, fmt.Errorf("finding the daemon's own program file: %w", err)
	}
	defer commands.EndOrphans() // those that have left the process group
	if r.Raw > 0 {
		ctx, cancel := context.WithTimeout(ctx, r.Timeout)
		defer cancel()
		return gatherers.RunRaw(ctx, self, args, r.Raw)
	}
	return gatherers.Command(self, args, gatherers.None, 0, r.Timeout).Gather(ctx)
}
