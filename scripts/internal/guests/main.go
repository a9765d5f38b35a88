//go:build linux

// Command guests is a host full of QEMU guests that share one uid and take their
// random bytes from one daemon. See scripts/guests.
//
// A guest is one connection that is kept. For what its guest asks of virtio-rng,
// QEMU sends read requests of command 2, of 255 bytes and a rest, each by a
// write of its own, and waits for none of them. Some guests never say a word:
// theirs have no driver.
//
// It ends with status 1 if a guest was closed, or got a byte too many or too few.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// options are the flags.
type options struct {
	address     string
	pid         int
	uid         int
	all, silent int
	size        int
	period      time.Duration
	lasts       time.Duration
	row         string
	playing     bool
}

func main() {
	var o options
	flag.StringVar(&o.address, "address", "", "`PATH` of the daemon's socket")
	flag.IntVar(&o.pid, "pid", 0, "its process `ID`")
	flag.IntVar(&o.uid, "uid", 64055, "whose guests they are, if root asks: Debian's `UID` of libvirt-qemu")
	flag.IntVar(&o.all, "guests", 600, "how many: `N`")
	flag.IntVar(&o.silent, "silent", 300, "how many of them never speak: `N`")
	flag.IntVar(&o.size, "size", 64, "`BYTES` that a guest asks for at a time, 64 as Linux does")
	flag.DurationVar(&o.period, "period", 0, "a guest asks once in `TIME`, as virtio-rng's rate has it; 0: when it has got the last")
	flag.DurationVar(&o.lasts, "lasts", 5*time.Second, "how long they ask")
	flag.StringVar(&o.row, "row", "", "append the figures to `FILE`, as a row of a table")
	flag.BoolVar(&o.playing, "playing", false, "internal: be the guests")
	flag.Parse()
	run := measure
	if o.playing {
		run = play
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "guests:", err)
		os.Exit(1)
	}
}
