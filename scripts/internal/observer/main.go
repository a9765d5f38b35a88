// Command observer measures what a local observer is left to guess of the
// system statistics: one gatherer after the other is sampled ten times a second,
// while a process of another user polls the same counters without a pause.
// scripts/entropy -o calls it, as root.
//
//	observer -seconds N
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"sort"
	"strings"
	"syscall"
	"time"

	"prngd/gatherers"
)

// nobody is the user that observes.
const nobody = 65534

// A record is one sample; both processes read the same clock.
type record struct {
	Time   int64 // ns since 1970, when it was complete
	Digest uint64
}

func main() {
	seconds := flag.Int("seconds", 30, "how long to sample each gatherer")
	poll := flag.String("poll", "", "be the observer of this gatherer")
	flag.Parse()
	for _, g := range gatherers.System() {
		var err error
		switch {
		case g.Name == *poll:
			err = observe(&g, time.Duration(*seconds)*time.Second)
		case *poll == "" && g.Credit == gatherers.None && !strings.HasPrefix(g.Name, "process"):
			// The observer's own process would show in a list of processes.
			err = measure(&g, *seconds)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "observer: %s: %v\n", g.Name, err)
			os.Exit(1)
		}
	}
}

// take returns a record of one sample; false if there is none.
func take(g *gatherers.Gatherer) (record, bool) {
	data, err := g.Take(context.Background())
	sum := sha256.Sum256(data)
	return record{time.Now().UnixNano(), binary.LittleEndian.Uint64(sum[:])}, err == nil
}

// observe takes records of g again and again, for so long, and writes them.
func observe(g *gatherers.Gatherer, long time.Duration) error {
	var seen []record
	for end := time.Now().Add(long); time.Now().Before(end); {
		if rec, ok := take(g); ok {
			seen = append(seen, rec)
		}
	}
	return gob.NewEncoder(os.Stdout).Encode(seen)
}

// measure samples g, has it observed, and compares.
func measure(g *gatherers.Gatherer, seconds int) error {
	var out bytes.Buffer
	observer := exec.Command("/proc/self/exe", "-poll", g.Name, "-seconds", fmt.Sprint(seconds))
	observer.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	observer.Stdout, observer.Stderr = &out, os.Stderr
	if err := observer.Start(); err != nil {
		return err
	}
	var ours, theirs []record
	tick := time.Tick(100 * time.Millisecond)
	for range 10 * seconds {
		<-tick
		if rec, ok := take(g); ok {
			ours = append(ours, rec)
		}
	}
	if err := observer.Wait(); err != nil {
		return err
	}
	err := gob.NewDecoder(&out).Decode(&theirs)
	compare(g.Name, ours, theirs)
	return err
}

// compare prints how often the observer's last sample before ours, or the first
// one after it, equals ours: the better of the two is what it would guess.
func compare(name string, ours, theirs []record) {
	before, after, compared := 0, 0, 0
	for _, own := range ours {
		k := sort.Search(len(theirs), func(k int) bool { return theirs[k].Time > own.Time })
		if k == 0 || k == len(theirs) {
			continue
		}
		compared++
		if theirs[k-1].Digest == own.Digest {
			before++
		}
		if theirs[k].Digest == own.Digest {
			after++
		}
	}
	hits := float64(max(before, after)) / float64(compared)
	fmt.Printf("%-6s %5d samples, %6d polls, %6.2f %% guessed, %.2f bits left\n",
		name, compared, len(theirs), 100*hits, 0-math.Log2(hits))
}
