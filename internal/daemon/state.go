package daemon

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/config"
	"prngd/internal/process"
)

// stateVersion is that of the state document. It grows when a program that expects
// another one could not adopt it; new sections and fields do not change it.
const stateVersion = 2

// state is the document that a daemon hands over to the program that replaces it:
// a section for each part, by name, and the descriptors that stay open. It holds
// no random byte, but what clients wrote and was not mixed yet.
type state struct {
	Version     int                        `json:"version"`
	Sections    map[string]json.RawMessage `json:"sections"`
	Descriptors []int                      `json:"descriptors,omitempty"`

	secret    []byte // output of the generator before, see secretFor
	preflight bool   // the descriptors are those of the daemon that serves, not ours
	received  []int  // in a preflight: copies of the listening sockets, in their order
}

// origin is what does not change over the life of the process, whichever program
// it executes, and what an upgrade notes of itself.
type origin struct {
	Program    string         `json:"program"` // the version
	File       process.Origin `json:"-"`       // the program file, found again by each program
	Started    time.Time      `json:"started"` // the first program of this process
	Foreground bool           `json:"foreground"`
	Owner      int            `json:"owner"` // the uid that started the daemon
	User       string         `json:"user"`  // as asked for at the start
	// CommandUser is the same for commands.
	CommandUser string    `json:"command_user"`
	Upgrades    uint64    `json:"upgrades"`
	Parked      time.Time `json:"parked"`             // since when no client is answered
	ReadyFD     int       `json:"ready_fd,omitempty"` // of --ready-fd, until the daemon is ready
	Reload      bool      `json:"reload,omitempty"`   // was asked for during this upgrade
}

func newState() *state {
	return &state{Version: stateVersion, Sections: map[string]json.RawMessage{}}
}

// readState parses a state document.
func readState(document []byte) (*state, error) {
	s := new(state)
	if err := json.Unmarshal(document, s); err != nil {
		return nil, fmt.Errorf("reading the state document: %w", err)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("reading the state document: it is of version %d, expected %d", s.Version, stateVersion)
	}
	return s, nil
}

// put writes a part's section, and notes the descriptors in it.
func (s *state) put(name string, section any, descriptors ...int) error {
	text, err := config.Marshal(section)
	if err != nil {
		return err
	}
	s.Sections[name] = text
	s.Descriptors = append(s.Descriptors, descriptors...)
	return nil
}

// get reads a part's section. A nil state, that of a start, has none.
func (s *state) get(name string, section any) (found bool, err error) {
	if s == nil || s.Sections[name] == nil {
		return false, nil
	}
	if err := config.Unmarshal(s.Sections[name], section); err != nil {
		return false, err
	}
	return true, nil
}

// closeOnExec takes the descriptors back from programs that this one executes.
func (s *state) closeOnExec() {
	for _, fd := range s.Descriptors {
		unix.CloseOnExec(fd)
	}
}

// file is an open file in a state document, and where it matters its directory.
type file struct {
	Path string `json:"path"`
	FD   int    `json:"fd"`
	Dir  int    `json:"dir,omitempty"`
}

// descriptorOf returns c's own descriptor: it must stay open as long as that is
// used.
func descriptorOf(c interface {
	SyscallConn() (syscall.RawConn, error)
}) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = int(n) })
	}
	return fd, err
}

// inherited makes a file of an inherited descriptor, which the result owns.
func inherited(fd int, name string) *os.File { return os.NewFile(uintptr(fd), name) }
