package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/listen"
	"prngd/internal/prng"
	"prngd/internal/server"
	"prngd/internal/sources"
	"prngd/internal/upgrade"
)

// handoverVersion is that of the document. It grows when a program that expects
// another one could not go on; new fields do not change it.
const handoverVersion = 1

// handover is what a daemon leaves to the program that takes its place, beside
// 64 bytes of the generator's output. It holds no random byte, but what clients
// wrote and was not mixed yet.
type handover struct {
	Version    int       `json:"version"`
	Program    string    `json:"program"` // the version of who wrote it
	Path       string    `json:"path"`    // of the program file, for the next upgrade
	Started    time.Time `json:"started"` // the first program of this process
	Parked     time.Time `json:"parked"`  // since when nobody is answered
	Foreground bool      `json:"foreground"`
	Owner      int       `json:"owner"` // the uid that started the daemon
	Seeded     bool      `json:"seeded"`

	Places      []handedPlace       `json:"places,omitempty"`
	Control     []handedPlace       `json:"control,omitempty"` // one or none
	PIDFile     handedFile          `json:"pid_file"`
	Seed        handedFile          `json:"seed"`
	Exchanges   []handedFile        `json:"exchanges,omitempty"`
	Sources     *sources.State      `json:"sources,omitempty"`
	Generator   prng.Counts         `json:"generator,omitzero"`
	Runner      []int               `json:"runner,omitempty"` // conversations with it
	RunnerUID   int                 `json:"runner_uid,omitempty"`
	Connections []server.Connection `json:"connections,omitempty"`
	Report      control.Report      `json:"report"` // counters go on from here, and what was given up

	secret  []byte
	signals chan os.Signal
}

// handedPlace is a listen line and its sockets.
type handedPlace struct {
	Options    listen.Options `json:"options"`
	FDs        []int          `json:"fds"`
	Supervised bool           `json:"supervised,omitempty"` // a supervisor made them
}

// handedFile is an open file, and for the seed its directory.
type handedFile struct {
	Path string `json:"path,omitempty"` // empty: there is none
	FD   int    `json:"fd,omitempty"`
	Dir  int    `json:"dir,omitempty"`
}

// descriptors returns all that is handed over.
func (h *handover) descriptors() (fds []int) {
	for _, p := range slices.Concat(h.Places, h.Control) {
		fds = append(fds, p.FDs...)
	}
	if h.PIDFile.Path != "" {
		fds = append(fds, h.PIDFile.FD)
	}
	if h.Seed.Path != "" {
		fds = append(fds, h.Seed.FD, h.Seed.Dir)
	}
	for _, f := range h.Exchanges {
		fds = append(fds, f.FD)
	}
	if h.Sources != nil {
		fds = append(fds, h.Sources.Descriptors()...)
	}
	for _, c := range h.Connections {
		fds = append(fds, c.FD)
	}
	return append(fds, h.Runner...)
}

// inherit returns what the program before this one in the same process left,
// nil if there was none. It is the first act of main.
func inherit() (*handover, error) {
	document, secret, err := upgrade.Inherit()
	if err != nil || document == nil {
		return nil, err
	}
	// Until here SIGTERM ends us without a farewell: the seed is saved, but names
	// of sockets and pid file are left.
	signals := newSignals()
	h, err := readHandover(document)
	if err != nil {
		return nil, err
	}
	for _, fd := range h.descriptors() {
		unix.CloseOnExec(fd)
	}
	h.secret, h.signals = secret, signals
	return h, nil
}

func readHandover(document []byte) (*handover, error) {
	h := new(handover)
	if err := json.Unmarshal(document, h); err != nil {
		return nil, fmt.Errorf("reading the handover: %w", err)
	}
	if h.Version != handoverVersion {
		return nil, fmt.Errorf("reading the handover: it is of version %d, expected %d", h.Version, handoverVersion)
	}
	return h, nil
}

// rehearse is a start without touching anything: it tells the daemon that
// serves whether this program could take its place.
func (p Program) rehearse(r *upgrade.Preflighted, stdout, stderr io.Writer) error {
	o, _, done := config.ParseOptions(p.version(), r.Argv, stdout, stderr)
	if done {
		return errors.New("the command line cannot be used")
	}
	h, err := readHandover(r.Document)
	if err != nil {
		return err
	}
	s, err := loadSettings(o, h.Owner, nil)
	if err != nil {
		return err
	}
	c, err := sources.New(sources.Options{Log: logrus.New()}).Prepare(sourceSettings(s))
	if err != nil {
		return err
	}
	c.Rollback()
	if err := prng.SelfTest(); err != nil {
		return err
	}
	if _, err := prng.New(prng.Env{}); err != nil {
		return err
	}
	return r.Pass()
}

// descriptorOf returns c's own descriptor: it must stay open as long as that is used.
func descriptorOf(c interface {
	SyscallConn() (syscall.RawConn, error)
}) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = int(n) })
	}
	return fd, err
}

// handPlace describes p for the next program.
func handPlace(p place) (handedPlace, error) {
	h := handedPlace{Options: p.options, Supervised: p.supervised}
	for _, l := range p.listeners {
		fd, err := descriptorOf(l)
		if err != nil {
			return h, fmt.Errorf("handing over %s: %w", l.Address(), err)
		}
		h.FDs = append(h.FDs, fd)
	}
	return h, nil
}

// fileOf makes a file of an inherited descriptor, whose owner it is.
func fileOf(fd int, name string) *os.File { return os.NewFile(uintptr(fd), name) }
