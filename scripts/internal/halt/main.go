// Command halt stops a daemon by SIGSTOP, has its clients go on meanwhile, lets
// it continue, and counts who is answered in full.
//
// A third of the clients are connected and idle when it stops, a third are in the
// middle of a request, and a third connect while it stands still.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"syscall"
	"time"
)

// patience is for the answers once the daemon runs again.
const patience = 10 * time.Second

func main() {
	log.SetFlags(0)
	log.SetPrefix("halt: ")
	address := flag.String("unix", "", "`PATH` of the daemon's socket")
	pid := flag.Int("pid", 0, "its process `ID`")
	clients := flag.Int("clients", 900, "`N` clients in all")
	length := flag.Duration("for", 3*time.Second, "how long it stands still: `TIME`")
	flag.Parse()

	idle, err := connect(*address, *clients/3, []byte{2, 1}, 1)
	begun, err2 := connect(*address, *clients/3, []byte{2, 1, 2}, 1)
	if err := errors.Join(err, err2); err != nil {
		log.Fatal(err)
	}
	if err := syscall.Kill(*pid, syscall.SIGSTOP); err != nil {
		log.Fatal(err)
	}
	late, err := connect(*address, *clients/3, []byte{2, 32}, 0)
	for _, c := range idle {
		c.Write([]byte{2, 255, 2, 32})
	}
	for _, c := range begun {
		c.Write([]byte{255})
	}
	time.Sleep(*length)
	if err := errors.Join(err, syscall.Kill(*pid, syscall.SIGCONT)); err != nil {
		log.Fatal(err)
	}
	began := time.Now()
	answered := answers(idle, 255+32) + answers(begun, 255) + answers(late, 32)
	fmt.Printf("stopped_s=%.0f clients=%d answered=%d ms=%.0f\n", length.Seconds(), *clients/3*3, answered, float64(time.Since(began).Microseconds())/1000)
	if answered != *clients/3*3 {
		log.Fatal("not everybody was answered")
	}
}

// connect makes n connections that have sent these bytes and got so many back.
func connect(address string, n int, send []byte, get int) (list []net.Conn, err error) {
	for range n {
		c, err := net.Dial("unix", address)
		if err != nil {
			return list, err
		}
		if _, err := c.Write(send); err != nil {
			return list, err
		}
		if _, err := io.ReadFull(c, make([]byte, get)); err != nil {
			return list, err
		}
		list = append(list, c)
	}
	return list, nil
}

// answers is how many get n bytes.
func answers(list []net.Conn, n int) (full int) {
	give := time.Now().Add(patience)
	for _, c := range list {
		c.SetDeadline(give)
		if _, err := io.ReadFull(c, make([]byte, n)); err == nil {
			full++
		}
	}
	return full
}
