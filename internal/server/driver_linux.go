package server

// bestDriver makes the driver of this system.
func bestDriver(s *Server) (driver, error) {
	l, err := newLoop(s)
	if err != nil {
		return nil, err
	}
	go l.run()
	return l, nil
}
