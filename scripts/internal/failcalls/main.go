// Command failcalls has every system call of the accept and reply path of a
// running daemon fail, by strace, once with each of its errors, and says what
// that did to the client at hand, to the others and to the daemon. It ends with
// status 1 if anybody lost more than the table in plan.go allows.
//
// Nothing but the client at hand moves while a call is to fail. So which call it
// is is known: the first, the second, ... of that name on the loop's thread.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("failcalls: ")
	d := &daemon{}
	flag.StringVar(&d.unix, "unix", "", "`PATH` of the daemon's socket")
	flag.StringVar(&d.tcp, "tcp", "", "`HOST:PORT` of its TCP listener")
	flag.StringVar(&d.control, "control", "", "`PATH` of its control socket")
	flag.IntVar(&d.pid, "pid", 0, "its process `ID`")
	flag.StringVar(&d.config, "config", "", "its configuration `FILE`, to which listen lines are added")
	flag.StringVar(&d.door, "door", "", "`PATH` of the socket that they name")
	flag.IntVar(&d.most, "most", 3, "`N`: of more calls of a kind than this, fail the first ones and the last; 0: all")
	flag.Parse()

	r := &report{}
	if err := d.run(r); err != nil {
		log.Fatal(err)
	}
	r.print(os.Stdout)
	if n := r.blind(); r.bad > 0 || n > 0 {
		log.Fatalf("%d of %d failures cost more than they may, %d kinds were not seen to cost anything", r.bad, r.all, n)
	}
}

// run is the whole plan, over both kinds of sockets, and a new listener last.
func (d *daemon) run(r *report) error {
	if err := d.findLoop(); err != nil {
		return err
	}
	others, err := d.befriend()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(others) // the collector would close them, and the count be short
	before, err := d.descriptors()
	if err != nil {
		return err
	}
	for _, network := range []string{"unix", "tcp"} {
		if err := d.failAll(r, network, others); err != nil {
			return err
		}
	}
	if err := d.failDoors(r, others); err != nil {
		return err
	}
	return d.sum(r, before)
}

// sum is what must be true of the daemon in the end.
func (d *daemon) sum(r *report, before int) error {
	s, err := d.status()
	if err != nil {
		return err
	}
	if s.Clients.Short != 0 {
		return fmt.Errorf("%d short replies", s.Clients.Short)
	}
	now, err := d.descriptors()
	if err != nil {
		return err
	}
	// A close that strace fails is not carried out: its descriptor stays.
	if now != before+d.doors+r.unclosed {
		return fmt.Errorf("%d descriptors before, %d after, %d for new listeners, %d whose close was failed", before, now, d.doors, r.unclosed)
	}
	urgent, err := d.urgent()
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range urgent {
			c.Close()
		}
	}()
	calls, err := d.idleCalls()
	if err != nil {
		return err
	}
	if calls > mostIdle {
		return fmt.Errorf("%d system calls of the loop in a second in which nobody asked: it spins", calls)
	}
	fmt.Printf("afterwards: %d descriptors (%d of them whose close was failed), %d system calls of the loop in a second of silence, among peers with urgent data, no short reply\n",
		now, r.unclosed, calls)
	return nil
}
