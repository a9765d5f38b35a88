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
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"prngd/egdproto"
)

// patience is how long the server may take until it is seeded.
const patience = 10 * time.Second

func main() {
	log.SetFlags(0)
	log.SetPrefix("egdcount: ")
	listen := flag.String("listen", "", "`ADDRESS` to listen on: a path, or tcp/localhost:PORT")
	to := flag.String("to", "", "`ADDRESS` of the server")
	halve := flag.Bool("halve", false, "break replies on purpose: send each chunk in two pieces with a pause between")
	flag.Parse()

	server, err := egdproto.ParseAddress(*to)
	check(err)
	front, err := egdproto.ParseAddress(*listen)
	check(err)
	for end := time.Now().Add(patience); !seeded(server); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			log.Fatalf("%s is not seeded after %v", server, patience)
		}
	}
	l, err := net.Listen(front.Dial())
	check(err)
	if front.Network == "unix" { // clients that gave up root must reach it as they reach prngd's own socket
		check(os.Chmod(front.Path, 0o666))
	}
	var sum tally
	go func() {
		for client, err := l.Accept(); err == nil; client, err = l.Accept() {
			go connect(client, server, &sum, *halve)
		}
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM, os.Interrupt)
	for s := syscall.SIGUSR1; s == syscall.SIGUSR1; {
		s = (<-signals).(syscall.Signal)
		fmt.Println(&sum)
	}
	l.Close() // and its socket goes
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func dial(a egdproto.Address) (net.Conn, error) {
	network, address := a.Dial()
	return net.Dial(network, address)
}

// seeded reports whether the server's level is above zero.
func seeded(server egdproto.Address) bool {
	c, err := dial(server)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	level, err := egdproto.NewClient(c).Level()
	return err == nil && level > 0
}

// connect joins a client to the server by a connection of its own.
func connect(client net.Conn, server egdproto.Address, sum *tally, halve bool) {
	defer client.Close()
	behind, err := dial(server)
	if err != nil {
		log.Print(err)
		return
	}
	defer behind.Close()
	conv := sum.newConversation()
	done := make(chan struct{})
	go func() {
		io.Copy(end{behind, conv.client, false}, client)
		behind.(interface{ CloseWrite() error }).CloseWrite()
		close(done)
	}()
	io.Copy(end{client, conv.server, halve}, behind)
	client.Close() // the server is gone: what the client still says cannot be carried
	<-done
}

// end is one of a conversation's two, and what looks at the bytes on their way to it.
type end struct {
	to    net.Conn
	see   func([]byte)
	halve bool
}

// Write looks before it writes: a reply must never come before its request was seen.
func (e end) Write(chunk []byte) (int, error) {
	pieces := [][]byte{chunk}
	if middle := len(chunk) / 2; e.halve && middle > 0 {
		pieces = [][]byte{chunk[:middle], chunk[middle:]}
	}
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		e.see(piece)
		if _, err := e.to.Write(piece); err != nil {
			return 0, err
		}
	}
	return len(chunk), nil
}
