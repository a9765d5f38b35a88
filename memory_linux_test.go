//go:build !race

package main

import (
	"encoding/hex"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"prngd/internal/memscan"
)

// G4: the seed that was loaded, the one that was saved, replies older than one
// request and the generator's state are nowhere in the memory of a daemon but in
// its locked pages. PRNGD_LOOKS=1000 looks longer.
func TestMemoryOfTheDaemon(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may look into a process that is not dumpable")
	}
	looks := 5
	if n, err := strconv.Atoi(os.Getenv("PRNGD_LOOKS")); err == nil {
		looks = n
	}
	dir, err := os.MkdirTemp("/tmp", "egd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	first := startScanned(t, dir)
	first.stop() // leaves a seed that counts
	loaded := seedOf(t, dir)
	d := startScanned(t, dir)
	defer d.stop()
	hits := 0
	for i := range looks {
		needles := memscan.New()
		needles.Add(loaded, "the seed that was loaded")
		needles.Add(seedOf(t, dir), "the seed that was saved")
		for range 200 {
			needles.Add(d.ask(t), "a reply")
		}
		d.ask(t)
		places, err := needles.Find(d.process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if len(places) > 0 {
			hits++
			t.Errorf("look %d: %d places:\n%s", i, len(places), strings.Join(places[:min(len(places), 8)], "\n"))
		}
	}
	t.Logf("%d looks, %d with hits", looks, hits)
}

// seedOf returns the 64 bytes of the seed in the file.
func seedOf(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(dir + "/seed")
	if err != nil || len(b) < 128 {
		t.Fatalf("%d bytes of seed: %v", len(b), err)
	}
	return b[64:128]
}

// running is a daemon in the foreground, and a connection to it.
type running struct {
	process *os.Process
	conn    net.Conn
	stop    func()
}

func startScanned(t *testing.T, dir string) *running {
	t.Helper()
	conf := dir + "/conf"
	if err := os.WriteFile(conf, []byte("status "+dir+"/status\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("prngd", "-f", "-c", conf, "-s", dir+"/seed", "-p", dir+"/pid", dir+"/s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &running{process: cmd.Process, stop: func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() }}
	t.Cleanup(func() { cmd.Process.Kill() })
	var err error
	for range 1000 { // until its socket is there
		if d.conn, err = net.Dial("unix", dir+"/s"); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.conn.Close() })
	d.ask(t)
	return d
}

// ask returns a reply of 255 bytes.
func (d *running) ask(t *testing.T) []byte {
	t.Helper()
	reply := make([]byte, 255)
	if _, err := d.conn.Write([]byte{2, 255}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(d.conn, reply); err != nil {
		t.Fatalf("after %s: %v", hex.EncodeToString(reply[:4]), err)
	}
	return reply
}
