// Command egdcount stands between an EGD client and a server and counts what
// passes: it forwards chunks as they come, and prints a summary when it is told
// to end (SIGTERM) and, at any time, on SIGUSR1.
//
// It shows that a client really got its bytes from our socket, and whether a
// reply ever came in pieces, which several real clients do not survive.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"prngd/egdproto"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("egdcount: ")
	listen := flag.String("listen", "", "`ADDRESS` to listen on: a path, or tcp/localhost:PORT")
	to := flag.String("to", "", "`ADDRESS` of the server")
	wait := flag.Duration("wait", 10*time.Second, "how long the server may take until it is seeded")
	halve := flag.Bool("halve", false, "break replies on purpose: send each chunk in two pieces with a pause between")
	flag.Parse()

	server, err := egdproto.ParseAddress(*to)
	if err != nil {
		log.Fatal(err)
	}
	front, err := egdproto.ParseAddress(*listen)
	if err != nil {
		log.Fatal(err)
	}
	if err := awaitSeeded(server, *wait); err != nil {
		log.Fatal(err)
	}
	network, address := front.Dial()
	l, err := net.Listen(network, address)
	if err != nil {
		log.Fatal(err)
	}
	if front.Network == "unix" {
		// Clients that gave up root must reach it as they reach prngd's own socket.
		if err := os.Chmod(front.Path, 0o666); err != nil {
			log.Fatal(err)
		}
	}
	r := &relay{server: server, halve: *halve}
	go r.serve(l)
	report(&r.sum, l)
}

// report prints the summary on each SIGUSR1, and a last time on SIGTERM or SIGINT.
func report(sum *tally, l net.Listener) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM, os.Interrupt)
	for s := range signals {
		fmt.Println(sum)
		if s != syscall.SIGUSR1 {
			l.Close()
			return
		}
	}
}

// awaitSeeded returns once the server's level is above zero.
func awaitSeeded(a egdproto.Address, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		level, err := levelOf(a)
		if err == nil && level > 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waiting for %s to be seeded: level %d, last error: %v", a, level, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func levelOf(a egdproto.Address) (int, error) {
	network, address := a.Dial()
	c, err := net.Dial(network, address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	return egdproto.NewClient(c).Level()
}
