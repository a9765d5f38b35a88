package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"prngd/egdproto"
	"prngd/seedfile"
)

// exchange makes one cycle on an exchange file, as a daemon that shares it
// would: take what others left, leave 1024 bytes combined of that and of ours.
// What was taken goes to our daemon too, with no claim. read prints 1024 bytes
// that others' and ours went into; they are neither what lay in the file nor
// what lies there now. Standard input is read only if it is named, as "-": in a
// shell's loop it is somebody else's.
func exchange(c *call) error {
	verb, path := c.args[0], c.args[1]
	if verb != "read" && verb != "stir" || len(c.args) == 3 && c.args[2] != "-" {
		return usageError("exchange: expected read|stir FILE [-], got %s", strings.Join(c.args, " "))
	}
	out, err := c.encoder()
	if err != nil {
		return err
	}
	var gift []byte
	if len(c.args) == 3 {
		if gift, err = readInput(c.stdin); err != nil {
			return err
		}
	}
	defer clear(gift)
	d, err := c.connect(defaultLimit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	x, err := openExchange(path)
	if err != nil {
		return &exitError{exitIO, err}
	}
	defer x.Close()
	old, err := d.stir(x, gift)
	defer clear(old)
	if err != nil || verb == "stir" {
		return err
	}
	return d.printMixed(out, old)
}

// openExchange lets root use a file that belongs to the owner of its directory,
// such as Postfix's; others, and root for a new file, use their own.
func openExchange(path string) (*seedfile.Exchange, error) {
	owner := os.Geteuid()
	if _, err := os.Lstat(path); err == nil && owner == 0 {
		owner = -1
	}
	return seedfile.OpenExchange(path, owner)
}

// stir makes the cycle and returns what others had left.
func (d *daemon) stir(x *seedfile.Exchange, gift []byte) (old []byte, err error) {
	err = x.Stir(context.Background(), stirred{d.client, gift}, func(data []byte) { old = append(old, data...) })
	switch {
	case errors.Is(err, seedfile.ErrBusy):
		return old, &exitError{exitTempFail, err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return old, d.talkError(err)
	case err != nil:
		return old, &exitError{exitIO, err}
	case len(old) == 0:
		return old, nil
	}
	return old, d.talkError(d.client.Write(0, old))
}

// stirred is the daemon's output with a gift stirred in.
type stirred struct {
	client *egdproto.Client
	gift   []byte
}

// Read fills p with up to one exchange file's worth.
func (s stirred) Read(p []byte) (int, error) {
	out, err := drawMixed(s.client, s.gift)
	defer clear(out[:])
	if err != nil {
		return 0, err
	}
	return copy(p, out[:]), nil
}

// drawMixed draws 1024 bytes and combines them with data, so that neither poor
// output nor poor data alone makes a poor result.
func drawMixed(client *egdproto.Client, data []byte) (out [seedfile.ExchangeSize]byte, err error) {
	if _, err = client.Read(out[:]); err == nil && len(data) > 0 {
		seedfile.Combine(&out, data)
	}
	return out, err
}

func (d *daemon) printMixed(out io.WriteCloser, old []byte) error {
	mixed, err := drawMixed(d.client, append(old, "read"...)) // not the mask that lies in the file
	defer clear(mixed[:])
	if err != nil {
		return d.talkError(err)
	}
	if _, err := out.Write(mixed[:]); err != nil {
		return outputError(err)
	}
	return outputError(out.Close())
}
