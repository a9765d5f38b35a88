package main

import (
	"cmp"
	"fmt"
)

// get prints the level as prngd-ctl does: the number alone.
func get(c *call) error {
	return ask(c, func(d *daemon) (int, error) { return d.client.Level() })
}

// pid prints the daemon's pid, the number alone.
func pid(c *call) error {
	return ask(c, func(d *daemon) (string, error) { return d.client.PID() })
}

// ask prints the answer to one question.
func ask[T cmp.Ordered](c *call, question func(*daemon) (T, error)) error {
	d, err := c.connect(defaultLimit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	answer, err := question(d)
	if err != nil {
		return d.talkError(err)
	}
	return c.print(fmt.Sprintln(answer))
}
