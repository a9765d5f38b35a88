package sources

import "prngd/gatherers"

// State is what one program's sources hand over to those of the program that
// follows it in the same process.
type State struct {
	Devices    []Device           `json:"devices,omitempty"`
	Gathered   []gatherers.Status `json:"gathered,omitempty"`
	Clones     uint64             `json:"clones,omitempty"`
	ClockJumps uint64             `json:"clock_jumps,omitempty"`
	Messages   int                `json:"messages,omitempty"` // descriptor of the kernel's log

	Generation int      `json:"generation,omitempty"` // descriptor of its device
	LastID     [16]byte `json:"last_id"`              // the generation as last read

	Real int64 `json:"real,omitempty"` // wall and monotonic clock, ns: see gatherers.Clocks
	Mono int64 `json:"mono,omitempty"`
}

// Device is an open device.
type Device struct {
	Path string `json:"path"`
	FD   int    `json:"fd"`
}

// Descriptors returns what must stay open over the exec.
func (s *State) Descriptors() (fds []int) {
	for _, d := range s.Devices {
		fds = append(fds, d.FD)
	}
	for _, fd := range []int{s.Messages, s.Generation} {
		if fd > 0 {
			fds = append(fds, fd)
		}
	}
	return fds
}
