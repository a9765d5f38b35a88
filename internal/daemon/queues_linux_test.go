package daemon

import (
	"bytes"
	"encoding/json"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/server"
	"prngd/internal/session"
)

// crowd is the state of so many connections, each with as many bytes of requests.
func crowd(t *testing.T, connections, queued int) (s serverState) {
	for i := range connections {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		queue := bytes.Repeat([]byte{byte(i)}, queued-i%3)
		s.Connections = append(s.Connections, server.Connection{FD: fd, State: session.State{Queue: queue}})
	}
	return s
}

// What clients have asked for goes over in full, and takes no room in the document,
// which nobody is answered for while it is made and read.
func TestQueuesGoOver(t *testing.T) {
	for _, c := range []struct {
		connections, queued int
		file                bool
	}{{0, 0, false}, {100, 16, false}, {100, session.QueueBytes, true}} {
		s := crowd(t, c.connections, c.queued)
		want := s.Connections
		file := s.detachQueues()
		if file != nil {
			defer file.Close()
		}
		document, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if (file != nil) != c.file || len(document) > inlineQueues {
			t.Errorf("%d connections: a file %v, and a document of %d bytes", c.connections, file != nil, len(document))
		}
		var next serverState
		if err := json.Unmarshal(document, &next); err != nil {
			t.Fatal(err)
		}
		if c.file {
			if next.Queues, err = unix.Dup(next.Queues); err != nil {
				t.Fatal(err)
			}
		}
		if err := next.attachQueues(); err != nil || len(next.Connections) != len(want) {
			t.Fatalf("%d connections: %d, %v", c.connections, len(next.Connections), err)
		}
		for i := range want {
			unix.Close(want[i].FD)
			if !bytes.Equal(next.Connections[i].Queue, want[i].Queue) {
				t.Errorf("connection %d has %d bytes", i, len(next.Connections[i].Queue))
			}
		}
	}
}

// A connection whose requests are missing would be out of step: it is closed.
func TestQueuesThatAreMissing(t *testing.T) {
	for name, spoil := range map[string]func(*serverState){
		"a length too many": func(s *serverState) { s.Lengths = append(s.Lengths, 0) },
		"too long":          func(s *serverState) { s.Lengths[30]++ },
		"negative":          func(s *serverState) { s.Lengths[3] = -1 },
		"no file":           func(s *serverState) { s.Queues = s.Connections[0].FD },
	} {
		s := crowd(t, 31, session.QueueBytes)
		fd := s.Connections[7].FD
		file := s.detachQueues()
		defer file.Close()
		s.Queues, _ = unix.Dup(s.Queues)
		spoil(&s)
		err := s.attachQueues()
		if _, open := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil || s.Connections != nil || open != unix.EBADF {
			t.Errorf("%s: %v, %d connections, descriptor %v", name, err, len(s.Connections), open)
		}
	}
}
