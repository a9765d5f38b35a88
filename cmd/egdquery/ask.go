package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// get prints the level as prngd-ctl does: the number alone.
func get(c *cli.Context) error {
	d, err := connect(c, defaultLimit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	bits, err := d.client.Level()
	if err != nil {
		return d.talkError(err)
	}
	return say(c, bits)
}

// pid prints the daemon's pid, the number alone.
func pid(c *cli.Context) error {
	d, err := connect(c, defaultLimit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	pid, err := d.client.PID()
	if err != nil {
		return d.talkError(err)
	}
	return say(c, pid)
}

func say(c *cli.Context, answer any) error {
	if _, err := fmt.Fprintln(c.App.Writer, answer); err != nil {
		return &exitError{exitIO, fmt.Errorf("writing standard output: %w", err)}
	}
	return nil
}
