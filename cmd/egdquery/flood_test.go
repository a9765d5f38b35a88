package main

import (
	"bytes"
	"net"

	"github.com/rogpeppe/go-internal/testscript"
)

// flood SOCKET starts a control socket whose answer has no end (B3).
func flood(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("unix", args[0])
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Write([]byte(`{"version":1,"error":"`))
		endless := bytes.Repeat([]byte("endless "), 8<<10)
		for err == nil {
			_, err = conn.Write(endless)
		}
	}()
}
