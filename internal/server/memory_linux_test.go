//go:build !race

package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/memscan"
	"prngd/internal/prng"
)

// victimVariable makes this test program a server for another one to look at:
// its driver and the path of its socket.
const victimVariable = "PRNGD_TEST_VICTIM"

// G4: under load, with collector and preemption on, no look into the memory of a
// serving process finds a part of the generator's state, or of a reply older than
// one request. PRNGD_LOOKS=1000 looks longer.
func TestMemoryHoldsNoReplies(t *testing.T) {
	if victim := os.Getenv(victimVariable); victim != "" {
		beVictim(t, victim)
		return
	}
	looks := 4
	if n, err := strconv.Atoi(os.Getenv("PRNGD_LOOKS")); err == nil {
		looks = n
	}
	for _, driver := range []string{"loop", "net"} {
		t.Run(driver, func(t *testing.T) {
			v := startVictim(t, driver)
			hits := 0
			for i := range looks {
				places := v.look(t)
				if len(places) > 0 {
					hits++
					t.Errorf("look %d: %d places:\n%s", i, len(places), strings.Join(places[:min(len(places), 8)], "\n"))
				}
			}
			t.Logf("%d looks, %d with hits", looks, hits)
		})
	}
}

// beVictim serves until standard input ends.
func beVictim(t *testing.T, driver string) {
	path := os.Getenv(victimVariable + "_SOCKET")
	start := time.Now()
	var collector collector
	generator, err := prng.New(prng.Env{
		Clocks:     func() (int64, int64) { m := int64(time.Since(start)); return m, m },
		KernelCall: func([]byte) bool { collector.due = true; return true },
		Kernel:     func([]byte) bool { collector.await(); return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	prng.Cleanly(func() { seed(generator) })
	own := generator.Source(prng.Policy{Name: "own"})
	log, _ := logtest.NewNullLogger()
	srv := New(Config{Generator: generator, Log: log})
	srv.newDriver = systemDriver
	if driver == "net" {
		srv.newDriver = newNetDriver
	}
	ls, err := openListeners(listen.Options{Address: egdproto.Address{Network: "unix", Path: path}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { srv.Serve(ctx, ls) })
	running.Go(func() { collector.run(ctx) })
	running.Go(func() {
		for ctx.Err() == nil {
			quiet := prng.BeginQuiet()
			own.Add(make([]byte, 200), 0)
			quiet.End()
			time.Sleep(2 * time.Millisecond)
		}
	})
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	cancel()
	running.Wait()
}

// collector collects all the time, which stops every thread and halves stacks.
type collector struct {
	due    bool // a stir has left its secrets on the stack; guarded by the generator
	rounds atomic.Int64
}

func (c *collector) run(ctx context.Context) {
	for ctx.Err() == nil {
		runtime.GC()
		c.rounds.Add(1)
		time.Sleep(2 * time.Millisecond)
	}
}

// await returns after a whole collection, if a stir was just made: so that one
// falls into the middle of a Generate for each stir, and not in a look of 500.
func (c *collector) await() {
	for before := c.rounds.Load(); c.due && c.rounds.Load() < before+2; {
		runtime.Gosched()
	}
	c.due = false
}

// victim is a serving process and connections to it.
type victim struct {
	pid   int
	conns []net.Conn
	last  [][]byte // newest reply of each connection
}

func startVictim(t *testing.T, driver string) *victim {
	path := t.TempDir() + "/s"
	pid := memscan.StartChild(t, "ready", victimVariable+"="+driver, victimVariable+"_SOCKET="+path)
	v := &victim{pid: pid}
	if _, err := os.Open(fmt.Sprintf("/proc/%d/mem", v.pid)); err != nil {
		t.Skip(err)
	}
	for range 4 {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		v.conns = append(v.conns, c)
	}
	v.last = make([][]byte, len(v.conns))
	return v
}

// look asks for replies on every connection, and then looks for all of them but
// the newest of each.
func (v *victim) look(t *testing.T) []string {
	t.Helper()
	const requests = 100
	older := make([][][]byte, len(v.conns))
	var running sync.WaitGroup
	for i, c := range v.conns {
		running.Go(func() {
			for range requests {
				reply := make([]byte, 255)
				if _, err := c.Write([]byte{2, 255}); err != nil {
					t.Error(err)
					return
				}
				if _, err := io.ReadFull(c, reply); err != nil {
					t.Error(err)
					return
				}
				older[i] = append(older[i], reply)
			}
		})
	}
	running.Wait()
	needles := memscan.New()
	for i, replies := range older {
		v.last[i] = replies[len(replies)-1]
		for _, reply := range replies[:len(replies)-1] {
			needles.Add(reply, "a reply")
		}
	}
	v.addState(t, needles)
	places, err := needles.Find(v.pid)
	if err != nil {
		t.Fatal(err)
	}
	return places
}

// addState adds windows of what is in secret memory now.
func (v *victim) addState(t *testing.T, needles *memscan.Needles) {
	t.Helper()
	list, err := memscan.Writable(v.pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if !m.Secret {
			continue
		}
		b, err := memscan.Read(v.pid, m)
		if err != nil {
			t.Fatal(err)
		}
		needles.Add(bytes.Trim(b, "\x00"), "the state")
	}
}
