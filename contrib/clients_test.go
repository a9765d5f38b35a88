package contrib

import (
	"bytes"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"testing"

	"prngd/egdproto"
)

// slow serves the blocking read, each reply in two pieces: clients have to read on.
func slow(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "egd")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	return path
}

func answer(conn net.Conn) {
	defer conn.Close()
	var ask [2]byte
	for {
		if _, err := io.ReadFull(conn, ask[:]); err != nil || ask[0] != byte(egdproto.ReadAll) {
			return
		}
		reply := counted(int(ask[1]))
		conn.Write(reply[:1])
		conn.Write(reply[1:])
	}
}

func counted(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i + 1)
	}
	return data
}

// The clients in other languages print exactly the bytes that the daemon sent, and
// fail without one.
func TestClientsInOtherLanguages(t *testing.T) {
	path := slow(t)
	c := filepath.Join(t.TempDir(), "egd")
	for _, client := range []struct {
		name string
		make []string // before it can run
		run  []string
	}{
		{"C", []string{"cc", "-Wall", "-Wextra", "-Werror", "-o", c, "clients/egd.c"}, []string{c}},
		{"Python", nil, []string{"python3", "clients/egd.py"}},
		{"Perl", nil, []string{"perl", "clients/egd.pl"}},
	} {
		t.Run(client.name, func(t *testing.T) {
			for _, program := range [][]string{client.make, client.run} {
				if program == nil {
					continue
				}
				if _, err := exec.LookPath(program[0]); err != nil && program[0] != c {
					t.Skip(err)
				}
			}
			if client.make != nil {
				if out, err := exec.Command(client.make[0], client.make[1:]...).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			out, err := exec.Command(client.run[0], append(client.run[1:], path, "200")...).Output()
			if err != nil || !bytes.Equal(out, counted(200)) {
				t.Errorf("got %d bytes, %v", len(out), err)
			}
			if out, err := exec.Command(client.run[0], append(client.run[1:], path+".none", "5")...).Output(); err == nil || len(out) > 0 {
				t.Errorf("without a daemon: %x, %v", out, err)
			}
		})
	}
}
