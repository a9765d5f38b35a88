package daemon

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"prngd/internal/server"
	"prngd/internal/upgrade"
)

// serverState is the section of a state document.
type serverState struct {
	Stats       server.Stats        `json:"stats"`
	Connections []server.Connection `json:"connections,omitempty"`
	// Queues is the descriptor of a file with the queues of the connections, one
	// behind the other, each as long as Lengths says; 0: they are in Connections.
	Queues  int   `json:"queues,omitempty"`
	Lengths []int `json:"queue_lengths,omitempty"`
}

// inlineQueues is how many bytes of queues a state document holds. Clients that fill
// their queues and read nothing, 4 KiB for each of thousands, would have it take
// seconds to be written and read again, and nobody is answered meanwhile.
const inlineQueues = 64 << 10

// detachQueues moves the queues to a file, which must stay open until the exec; none if
// there are few bytes, or the system has no such file now.
func (s *serverState) detachQueues() *os.File {
	all := 0
	for _, c := range s.Connections {
		all += len(c.Queue)
	}
	if all <= inlineQueues {
		return nil
	}
	bytes, lengths := make([]byte, 0, all), make([]int, len(s.Connections))
	for i, c := range s.Connections {
		bytes, lengths[i] = append(bytes, c.Queue...), len(c.Queue)
	}
	defer clear(bytes)
	file, err := upgrade.Memory(bytes)
	if err != nil {
		return nil
	}
	s.Connections = slices.Clone(s.Connections)
	for i := range s.Connections {
		s.Connections[i].Queue = nil
	}
	s.Queues, s.Lengths = int(file.Fd()), lengths
	return file
}

// attachQueues is the way back. Connections without their queues would be out of step:
// after an error they are closed.
func (s *serverState) attachQueues() error {
	if s.Queues == 0 {
		return nil
	}
	file := inherited(s.Queues, "queues")
	defer file.Close()
	bytes, err := upgrade.ReadMemory(file)
	if err == nil && len(s.Lengths) != len(s.Connections) {
		err = fmt.Errorf("%d lengths of queues, expected %d", len(s.Lengths), len(s.Connections))
	}
	for i := 0; err == nil && i < len(s.Lengths); i++ {
		n := s.Lengths[i]
		if n < 0 || n > len(bytes) {
			err = errors.New("the queues end early")
			break
		}
		s.Connections[i].Queue, bytes = bytes[:n:n], bytes[n:]
	}
	if err != nil {
		for _, c := range s.Connections {
			unix.Close(c.FD)
		}
		s.Connections = nil
		return fmt.Errorf("adopting the requests of clients: %w", err)
	}
	return nil
}
