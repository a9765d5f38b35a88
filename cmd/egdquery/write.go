package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"
)

// writeMax bounds what is held in memory: a request claims its share of the
// bits, so the length has to be known before the first.
const writeMax = 64 << 20

// write gives standard input to the daemon. There is no answer to it.
func write(c *cli.Context) error {
	bits, err := strconv.ParseUint(c.Args().First(), 0, 31)
	if err != nil {
		return usageError("%q: expected a number of bits from 0 to 2^31-1", c.Args().First())
	}
	data, err := io.ReadAll(io.LimitReader(c.App.Reader, writeMax+1))
	if err == nil && len(data) == 0 {
		err = errors.New("it is empty")
	}
	if err == nil && len(data) > writeMax {
		err = fmt.Errorf("expected at most %d MiB", writeMax>>20)
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("reading standard input: %w", err)}
	}
	d, err := connect(c, defaultLimit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	return d.talkError(d.client.Write(int(bits), data))
}
