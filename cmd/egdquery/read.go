package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"

	"prngd/egdproto"
)

// read prints what the daemon gives at once, by command 1.
func read(c *cli.Context) error {
	n, err := parseCount(c.Args().First())
	if err != nil {
		return err
	}
	d, err := connect(c, defaultLimit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	return d.print(c, n, d.client.ReadSome)
}

// readBlocking prints all it was asked for, by command 2: a daemon may take as
// long as it likes until it is seeded.
func readBlocking(c *cli.Context) error {
	n, err := parseCount(c.Args().First())
	if err != nil {
		return err
	}
	d, err := connect(c, 0)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	return d.print(c, n, d.client.Read)
}

// parseCount reads a number of bytes below 2^63, as prngd-ctl did: 0x10 too.
func parseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil || n < 0 {
		return 0, usageError("%q: expected a number of bytes from 0 to 2^63-1", s)
	}
	return n, nil
}

// print copies n bytes from fill to standard output as they come. What came
// before an error is printed.
func (d *daemon) print(c *cli.Context, n int64, fill func([]byte) (int, error)) error {
	out, err := encoder(c)
	if err != nil {
		return err
	}
	bar := startProgress(c.App.Writer, c.App.ErrWriter, n)
	done, err := copyBytes(out, n, fill, bar)
	bar.stop()
	if closed := out.Close(); err == nil && closed != nil {
		err = outputError(closed)
	}
	switch {
	case err != nil:
		return d.talkError(err)
	case done < n:
		return &exitError{exitTempFail, fmt.Errorf("%s: got %d of %d bytes, the daemon has no more now", d.address, done, n)}
	}
	return nil
}

// copyBytes stops at n bytes, at an error, or when fill gives less than asked.
func copyBytes(out io.Writer, n int64, fill func([]byte) (int, error), bar *progress) (done int64, err error) {
	buf := make([]byte, 64*egdproto.MaxRead)
	for done < n {
		want := min(n-done, int64(len(buf)))
		got, err := fill(buf[:want])
		if _, failed := out.Write(buf[:got]); failed != nil {
			return done, outputError(failed)
		}
		done += int64(got)
		bar.done.Store(done)
		if err != nil || int64(got) < want {
			return done, err
		}
	}
	return done, nil
}

func outputError(err error) error {
	return &exitError{exitIO, fmt.Errorf("writing standard output: %w", err)}
}
