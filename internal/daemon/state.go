package daemon

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
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
}

// origin is what does not change over the life of the process, whichever program
// it executes.
type origin struct {
	Program    string    `json:"program"` // the version that wrote it
	Path       string    `json:"path"`    // of the program file, for the next upgrade; "" = cannot be upgraded
	Started    time.Time `json:"started"` // the first program of this process
	Foreground bool      `json:"foreground"`
	Owner      int       `json:"owner"` // the uid that started the daemon
	Upgrades   uint64    `json:"upgrades"`
	Parked     time.Time `json:"parked"` // since when no client is answered
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
	text, err := json.Marshal(section)
	if err != nil {
		return fmt.Errorf("handing over %s: %w", name, err)
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
	if err := json.Unmarshal(s.Sections[name], section); err != nil {
		return false, fmt.Errorf("adopting %s: %w", name, err)
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

// inherited makes a file of an inherited descriptor, which the result owns.
func inherited(fd int, name string) *os.File { return os.NewFile(uintptr(fd), name) }
