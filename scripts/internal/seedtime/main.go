// Command seedtime starts a daemon a number of times and measures how long it
// takes from exec until its socket answers and until it is seeded.
//
//	seedtime [-runs N] [-limit D] [-log FILE] -socket ADDRESS COMMAND [ARGUMENT...]
//
// In each run it then reads 255 bytes with command 1 and ends the daemon by
// SIGTERM. Less than 255 bytes, an exit status other than 0, or bytes that an
// earlier run gave already make it fail.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"time"

	"prngd/egdproto"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("seedtime: ")
	runs := flag.Int("runs", 1, "how many `starts`")
	limit := flag.Duration("limit", 10*time.Second, "how long one start may take")
	logfile := flag.String("log", os.DevNull, "`file` that gets the daemon's output")
	socket := flag.String("socket", "", "`ADDRESS` the daemon listens on")
	flag.Parse()
	address, err := egdproto.ParseAddress(*socket)
	if err != nil {
		log.Fatal(err)
	}
	out, err := os.OpenFile(*logfile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	d := daemon{command: flag.Args(), address: address, limit: *limit, log: out}
	if err := measure(d, *runs); err != nil {
		log.Fatal(err)
	}
}

// measure prints one line for all runs.
func measure(d daemon, runs int) error {
	if runs < 1 || len(d.command) == 0 {
		return errors.New("want a command and at least one run")
	}
	var answers, seeds []time.Duration
	given := map[[egdproto.MaxRead]byte]int{}
	for run := 1; run <= runs; run++ {
		s, err := d.once()
		if err != nil {
			return fmt.Errorf("start %d: %w", run, err)
		}
		if earlier, ok := given[s.bytes]; ok {
			return fmt.Errorf("start %d gave the very bytes of start %d", run, earlier)
		}
		given[s.bytes] = run
		answers, seeds = append(answers, s.answered), append(seeds, s.seeded)
	}
	fmt.Printf("starts=%d first-answer-ms: median=%s worst=%s seeded-ms: median=%s worst=%s bytes=%dx255\n",
		runs, ms(median(answers)), ms(slices.Max(answers)), ms(median(seeds)), ms(slices.Max(seeds)), runs)
	return nil
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}
