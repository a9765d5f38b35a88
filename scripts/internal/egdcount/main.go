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
	l, err := net.Listen(front.Dial())
	check(err)
	if front.Network == "unix" { // clients that gave up root must reach it as they reach prngd's own socket
		check(os.Chmod(front.Path, 0o666))
	}
	sum := tally{n: map[string]int{}}
	go func() {
		for client, err := l.Accept(); err == nil; client, err = l.Accept() {
			go connect(client, server, &sum, *halve)
		}
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM, os.Interrupt)
	for s := os.Signal(syscall.SIGUSR1); s == syscall.SIGUSR1; {
		s = <-signals
		fmt.Println(&sum)
	}
	l.Close() // and its socket goes
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// connect joins a client to the server by a connection of its own.
func connect(client net.Conn, server egdproto.Address, sum *tally, halve bool) {
	defer client.Close()
	behind, err := net.Dial(server.Dial())
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
	n := 0
	if middle := len(chunk) / 2; e.halve && middle > 0 {
		e.see(chunk[:middle])
		if _, err := e.to.Write(chunk[:middle]); err != nil {
			return 0, err
		}
		time.Sleep(100 * time.Millisecond)
		n = middle
	}
	e.see(chunk[n:])
	_, err := e.to.Write(chunk[n:])
	return len(chunk), err
}
