package session

// EOF tells the session that its peer will send nothing more. The requests that
// are complete are still answered; then, or at once, the session is over. Take
// goes on as usual.
func (s *Session) EOF() { s.eof = true }

// Closed reports whether the connection is to be closed.
func (s *Session) Closed() bool { return s.ended != Alive }

// Completed reports whether the peer has sent a whole command.
func (s *Session) Completed() bool { return s.completed }

// Gate returns the gate of the last Take.
func (s *Session) Gate() Gate { return s.gate }

// Room returns how many bytes of input the next Take accepts. It is 0 while
// replies are unsent, while QueueBytes wait for a seed, and after EOF.
func (s *Session) Room() int {
	if s.eof || s.stuck != 0 {
		return 0
	}
	return QueueBytes - s.queue.len()
}

// Queued returns how many bytes of input are not answered yet.
func (s *Session) Queued() int { return s.queue.len() }

// Answering returns how many of these the last Take answers.
func (s *Session) Answering() int { return int(s.step) }

// Owes returns how many bytes Reply has to send in this step.
func (s *Session) Owes() int { return int(s.owed) }

// More reports whether Take should be called again at once, without input.
func (s *Session) More() bool { return s.more && s.stuck == 0 && s.ended == Alive }

// Stuck reports whether replies wait for the peer to take them.
func (s *Session) Stuck() bool { return s.stuck != 0 }

// Waits reports whether the session waits for a seed.
func (s *Session) Waits() bool { return s.blocked != 0 }

// WaitsLong reports whether it has waited for a seed for 10 s.
func (s *Session) WaitsLong(now Instant) bool {
	return s.blocked != 0 && now >= s.blocked.After(longWait)
}

// Deadline returns when Take wants to be called again though nothing has happened:
// later than now, or Never. An idle session has no deadline.
func (s *Session) Deadline(now Instant) Instant {
	switch {
	case s.stuck != 0:
		return s.stuck.After(writeTime)
	case s.blocked != 0 && s.bounded:
		return s.blocked.After(s.gate.Wait)
	case s.blocked != 0 && now < s.blocked.After(longWait):
		return s.blocked.After(longWait)
	case s.begun != 0:
		return s.begun.After(requestTime)
	}
	return Never
}

// Abandon erases the input of a connection that is to be closed, counts its
// ending, and returns it.
func (s *Session) Abandon() Ending {
	if s.ended == Alive && s.begun != 0 {
		s.ended = Truncated
	}
	s.queue.pop(s.queue.len(), &s.service.spare)
	s.service.countEnding(s.ended)
	return s.ended
}
