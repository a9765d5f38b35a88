// Command upgradeload upgrades a daemon again and again while clients hammer it,
// and counts what they lose by that. It ends with status 1 if they lost anything.
//
// Every batch of requests has replies in it whose bytes are known, between those
// that are random: a byte too many or too few anywhere shows as a misframed reply.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"syscall"
	"time"

	"prngd/internal/control"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("upgradeload: ")
	address := flag.String("address", "", "`PATH` of the daemon's socket")
	admin := flag.String("control", "", "`PATH` of its control socket")
	pid := flag.Int("pid", 0, "its process `ID`")
	clients := flag.Int("clients", 50, "`N` connections that ask without a pause")
	upgrades := flag.Int("upgrades", 100, "how many upgrades: `N`")
	crowded := flag.Int("crowd", 0, "`N` connections that stay open beside them, and must answer at the end")
	stopped := flag.String("stop", "", "in the end stop the daemon, with the crowd connected, say how long that took, and whether its seed `FILE` was written")
	flag.Parse()

	t := &tally{seen: make(map[uint64]struct{})}
	d := daemon{*address, *admin, *pid, *stopped != ""}
	all, err := d.crowd(*crowded)
	if err != nil {
		log.Fatal(err)
	}
	stop := make(chan struct{})
	hammers := make(chan struct{})
	for i := range *clients {
		h := hammer{daemon: d, tally: t, fresh: i%10 == 9}
		go func() { h.run(stop); hammers <- struct{}{} }()
	}
	done, err := d.upgradeAll(*upgrades, t)
	close(stop)
	for range *clients {
		<-hammers
	}
	all.ask(d.pid, t)
	fmt.Printf("upgrades=%d %s\n", done, t)
	if err == nil && *stopped != "" {
		err = d.stop(all, *stopped)
	}
	if err != nil {
		log.Fatal(err)
	}
	if t.lost() > 0 {
		os.Exit(1)
	}
}

// daemon is the one that is upgraded.
type daemon struct {
	address, control string
	pid              int
	calm             bool // no second signals: a last one could still be at work at the end
}

func (d daemon) dial() (net.Conn, error) {
	c, err := net.Dial("unix", d.address)
	if err == nil {
		c.SetDeadline(time.Now().Add(time.Hour))
	}
	return c, err
}

// upgrades asks how many there have been.
func (d daemon) upgrades() (int, error) {
	c, err := net.Dial("unix", d.control)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r, err := control.Ask(c, control.Status)
	if err != nil {
		return 0, err
	}
	return int(r.Process.Upgrades), nil
}

// upgradeAll has n upgrades made, each over connections in every odd state. At
// every fifth a second signal comes 1 ms after the first, at others later.
func (d daemon) upgradeAll(n int, t *tally) (done int, err error) {
	for i := 0; done < n; i++ {
		odd, err := d.oddConnections()
		if err != nil {
			return done, err
		}
		if err := d.signal(i); err != nil {
			return done, err
		}
		if done, err = d.await(done + 1); err != nil {
			return done, err
		}
		for _, o := range odd {
			t.add(o.finish())
		}
	}
	return done, nil
}

func (d daemon) signal(i int) error {
	err := syscall.Kill(d.pid, syscall.SIGUSR2)
	if pause := i % 5; err == nil && pause > 0 && pause < 4 && !d.calm {
		// 1 ms: during the rehearsal. 10 and 20 ms: somewhere about the exec.
		time.Sleep([]time.Duration{0, time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond}[pause])
		err = syscall.Kill(d.pid, syscall.SIGUSR2)
	}
	return err
}

// await returns once there have been n upgrades, or more.
func (d daemon) await(n int) (int, error) {
	give := time.Now().Add(20 * time.Second)
	for {
		done, err := d.upgrades()
		if err != nil || done >= n {
			return done, err
		}
		if time.Now().After(give) {
			return done, fmt.Errorf("upgrade %d did not come in 20 s: see the daemon's log", n)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
