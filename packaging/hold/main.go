// Command hold is a client for tests: it connects to the Unix socket it is
// given, and for the start and each line of its input asks for 16 bytes on that
// one connection and prints "ok". It ends with 1 when the connection does.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "hold:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for {
		if _, err := conn.Write([]byte{2, 16}); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, make([]byte, 16)); err != nil {
			return err
		}
		fmt.Println("ok")
		if !lines.Scan() {
			return lines.Err()
		}
	}
}
