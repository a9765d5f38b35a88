package main

import (
	"time"

	"prngd/internal/control"
)

// actLimit is more than any action takes, with the run before it.
const actLimit = 45 * time.Second

// act is a verb that the daemon carries out. Silence is success.
func act(c *call) error {
	s, err := c.controls(actLimit)
	if err != nil {
		return err
	}
	conn, address, err := s.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = control.Ask(conn, c.verb)
	return s.askError(address, c.verb, err)
}
