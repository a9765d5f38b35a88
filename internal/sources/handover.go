package sources

// HandOver returns the state for Options.Before of the program that follows. The
// descriptors in it stay this program's.
func (s *Sources) HandOver() *State {
	state := &State{
		Devices: s.devices.handOver(), Gathered: s.runner.Stats(),
		Clones: s.clones.clones.Load(), ClockJumps: s.clones.jumps.Load(),
	}
	if f := s.clones.messages.file; f != nil {
		if fd, err := descriptor(f); err == nil {
			state.Messages = fd
		}
	}
	return state
}
