package main

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// writeMax bounds what is held in memory: a request claims its share of the
// bits, so the length has to be known before the first.
const writeMax = 64 << 20

// write gives standard input to the daemon. There is no answer to it.
func write(c *call) error {
	bits, ok := parseNumber(c.args[0], math.MaxInt32)
	if !ok {
		return usageError("%q: expected a number of bits from 0 to 2^31-1", c.args[0])
	}
	data, err := readInput(c.stdin)
	defer clear(data)
	if err != nil {
		return err
	}
	d, err := c.connect(defaultLimit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	return d.talkError(d.client.Write(int(bits), data))
}

// readInput reads standard input, which must not be empty.
func readInput(stdin io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(stdin, writeMax+1))
	if err == nil && len(data) == 0 {
		err = errors.New("it is empty")
	}
	if err == nil && len(data) > writeMax {
		err = fmt.Errorf("expected at most %d MiB", writeMax>>20)
	}
	if err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("reading standard input: %w", err)}
	}
	return data, nil
}
