package daemon

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/prng"
	"prngd/internal/process"
	"prngd/internal/server"
)

// daemon is one daemon: its parts, and the settings that they have committed.
type daemon struct {
	origin    origin
	settings  atomic.Pointer[config.Settings]
	log       *logrus.Logger
	generator *prng.Generator
	server    *server.Server
	parts     []named // in the order in which they prepare and commit
	own       own     // the parts that the daemon itself calls by name
	verifier  *verifier
	changes   *changes
	admin     *admin
	tasks     *tasks
	signals   chan os.Signal
	calls     chan func()     // run by the main loop
	life      context.Context // ends when the daemon is told to end
}

// own are parts that do more than the interface says.
type own struct {
	sources  *sources
	seed     *seed
	exchange *exchange
	clients  *listeners
	control  *listeners
	identity *identity
}

// stopLimit bounds how long an ending daemon waits for its disk.
const stopLimit = 700 * time.Millisecond

// start prepares and commits the whole daemon from nothing, or from what the
// program that this one has replaced left in inherited state. After an error
// nothing is left of it.
func (d *daemon) start(next *config.Settings, how manner) error {
	for i, p := range d.parts {
		c, err := p.prepare(next, how)
		if err == nil {
			err = c.Commit()
		}
		if err != nil && how == starting {
			d.close(d.parts[:i])
			return err
		}
	}
	d.settings.Store(next)
	return nil
}
