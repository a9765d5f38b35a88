package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// hammer is a client that asks without a pause.
type hammer struct {
	daemon
	tally *tally
	fresh bool // a new connection for every batch, as OpenSSL makes them
}

// batch asks for everything there is, known replies and random ones in turn.
var batch = []byte{
	2, 32, 4, // 32 random bytes, pid
	1, 255, 0, // length and 255 random bytes, level
	3, 0, 8, 2, 0xaa, 0xbb, // a gift
	2, 255, 2, 64, 4,
}

const repliesOfBatch = 7

func (h hammer) run(stop <-chan struct{}) {
	var conn net.Conn
	for {
		select {
		case <-stop:
			if conn != nil {
				conn.Close()
			}
			return
		default:
		}
		began := time.Now()
		if conn == nil {
			var err error
			if conn, err = h.dial(); err != nil {
				h.tally.add(0, err)
				return
			}
		}
		conn.SetDeadline(began.Add(20 * time.Second))
		if _, err := conn.Write(batch); err != nil {
			h.tally.add(0, err)
			return
		}
		if err := h.readBatch(conn); err != nil {
			h.tally.add(0, err)
			return
		}
		h.tally.add(repliesOfBatch, nil)
		h.tally.took(time.Since(began))
		if h.fresh {
			conn.Close()
			conn = nil
		}
	}
}

func (h hammer) readBatch(r io.Reader) error {
	var data [32 + 255 + 255 + 64]byte
	e := &expect{r: r}
	e.random(data[:32])
	e.pid(h.pid)
	e.length(255)
	e.random(data[32:287])
	e.level()
	e.random(data[287:])
	e.pid(h.pid)
	if e.err == nil {
		h.tally.random(data[:])
	}
	return e.err
}

// expect reads replies one after another, until one is wrong.
type expect struct {
	r   io.Reader
	err error
}

func (e *expect) random(b []byte) {
	if e.err == nil {
		_, e.err = io.ReadFull(e.r, b)
	}
}

func (e *expect) known(what string, want []byte) {
	got := make([]byte, len(want))
	e.random(got)
	if e.err == nil && string(got) != string(want) {
		e.err = fmt.Errorf("%s: %x, expected %x: %w", what, got, want, errMisframed)
	}
}

func (e *expect) pid(pid int) {
	text := strconv.Itoa(pid)
	e.known("pid", append([]byte{byte(len(text))}, text...))
}

func (e *expect) level() { e.known("level", binary.BigEndian.AppendUint32(nil, 8192)) }

func (e *expect) length(n byte) {
	var got [1]byte
	e.random(got[:])
	if e.err == nil && got[0] < n {
		e.err = fmt.Errorf("%d of %d bytes: %w", got[0], n, errShort)
	} else if e.err == nil && got[0] > n {
		e.err = fmt.Errorf("length %d, expected %d: %w", got[0], n, errMisframed)
	}
}
