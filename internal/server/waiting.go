package server

// EOF says that the peer will send nothing more. What it sent is still
// answered; then, or at once, the session is over. Take goes on as usual.
func (s *session) EOF() { s.eof = true }

// Closed reports whether the connection is to be closed.
func (s *session) Closed() bool { return s.ended != alive }

// Room returns how many bytes of input the next Take accepts. It is 0 while
// replies are unsent, while 4 KiB wait for the gate, and after EOF.
func (s *session) Room() int {
	if s.eof || s.stuck != 0 {
		return 0
	}
	return queueBytes - s.queue.len()
}

// Owes returns how many bytes Reply has to send in this step.
func (s *session) Owes() int { return int(s.owed) }

// More reports whether Take should be called again at once, without input.
func (s *session) More() bool { return s.more && s.stuck == 0 && s.ended == alive }

// Stuck reports whether replies wait for the peer to take them.
func (s *session) Stuck() bool { return s.stuck != 0 }

// Waits reports whether the session waits for the gate.
func (s *session) Waits() bool { return s.blocked != 0 }

// WaitsLong reports whether it has done so for 10 s.
func (s *session) WaitsLong(now instant) bool {
	return s.blocked != 0 && now >= s.blocked.after(longWait)
}

// abandon erases the input of a connection that is to be closed.
func (s *session) abandon() {
	if s.begun != 0 {
		s.end(cutShort)
	}
	s.queue.pop(s.queue.len(), s.svc)
}

// Deadline is when Take wants to be called again though nothing has happened;
// at a later time than now, or never. An idle session has none.
func (s *session) Deadline(now instant) instant {
	switch {
	case s.stuck != 0:
		return s.stuck.after(writeTime)
	case s.blocked != 0 && s.bounded:
		return s.blocked.after(s.gate.wait)
	case s.blocked != 0 && now < s.blocked.after(longWait):
		return s.blocked.after(longWait)
	case s.begun != 0:
		return s.begun.after(requestTime)
	}
	return never
}
