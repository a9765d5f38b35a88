//go:build linux

package guests

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// options are what a host is told.
type options struct {
	All, Silent int
	Size        int           // bytes that a guest asks for at a time
	Period      time.Duration // a guest asks once in it, as virtio-rng's rate has it; 0: when it has got the last
	Lasts       time.Duration
}

// played is what the guests saw.
type played struct {
	Waits   harness.Digest // from asking to the last byte
	Each    []int64        // bytes that each guest that asked has got
	Took    time.Duration
	Problem string // why it could not go on
}

// guest is QEMU's end of one guest.
type guest struct {
	fd    int
	owed  int // bytes asked for that have not come
	asked time.Time
	got   int64
}

// host is the process that plays all guests, on one thread: Go's scheduler would be slower, and less fair to them.
type host struct {
	options
	daemon *harness.Daemon
	epoll  int
	guests []guest // those that ask come first
	buf    []byte
	waits  []time.Duration
}

// play is the process: it connects all guests, waits until it is told to begin, has them ask, and tells what they saw.
func play(args []string) {
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	harness.Pin(1) // the daemon has the other one; where we may not, anywhere will do
	h := &host{daemon: harness.Told(), buf: make([]byte, 64<<10), waits: make([]time.Duration, 0, 1<<20)}
	err := json.Unmarshal([]byte(args[0]), &h.options)
	if err == nil {
		err = h.connect()
	}
	<-harness.Ready()
	var saw played
	if err == nil {
		saw, err = h.play()
	}
	if err != nil {
		saw.Problem = err.Error()
	}
	harness.Result(saw)
}

func (h *host) connect() (err error) {
	if h.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	for i := range h.All {
		fd, err := harness.Connect(h.daemon.Socket)
		if err != nil {
			return fmt.Errorf("guest %d: %w", i+1, err)
		}
		h.guests = append(h.guests, guest{fd: fd})
		if err := unix.EpollCtl(h.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			return err
		}
	}
	return nil
}

// play has all guests but the silent ones ask, and waits for what is owed. In the end every guest shows that its
// connection lives and is in step.
func (h *host) play() (saw played, err error) {
	begin, asking := time.Now(), h.guests[:h.All-h.Silent]
	pause := h.Period / time.Duration(len(asking))
	for next := 0; time.Since(begin) < h.Lasts; {
		// By the clock one asks after the other. A guest that has not got its last bytes by then is left out, as
		// virtio-rng has it. Without, each begins once.
		for ; time.Since(begin) >= time.Duration(next)*pause && (h.Period > 0 || next < len(asking)); next++ {
			if g := &asking[next%len(asking)]; g.owed == 0 {
				err = g.ask(h.Size)
			}
			if err != nil {
				return saw, err
			}
		}
		if err := h.turn(h.Period == 0); err != nil {
			return saw, err
		}
	}
	saw.Took = time.Since(begin)
	for end := time.Now().Add(harness.Patience); slices.ContainsFunc(asking, func(g guest) bool { return g.owed > 0 }); {
		if time.Now().After(end) {
			return saw, fmt.Errorf("not all bytes have come in %v", harness.Patience)
		}
		if err := h.turn(false); err != nil {
			return saw, err
		}
	}
	for _, g := range asking {
		saw.Each = append(saw.Each, g.got)
	}
	saw.Waits = harness.DigestOf(h.waits)
	return saw, h.prove()
}

// turn takes what has come within a millisecond, and has a guest that has got all ask again, if it should.
func (h *host) turn(again bool) error {
	var events [256]unix.EpollEvent
	n, err := unix.EpollWait(h.epoll, events[:], 1)
	if err != nil && err != unix.EINTR {
		return err
	}
	for _, e := range events[:max(n, 0)] {
		g := &h.guests[e.Fd]
		n, errno := harness.Read(g.fd, h.buf)
		switch {
		case errno == unix.EINTR || errno == unix.EAGAIN:
			continue
		case errno != 0 || n == 0:
			return fmt.Errorf("guest %d: closed, with %d bytes to come: %v", e.Fd+1, g.owed, errno)
		case n > g.owed:
			return fmt.Errorf("guest %d: %d bytes came, with %d to come", e.Fd+1, n, g.owed)
		}
		g.owed -= n
		if g.got += int64(n); g.owed > 0 {
			continue
		}
		h.waits = append(h.waits, time.Since(g.asked))
		if again {
			if err := g.ask(h.Size); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask sends what QEMU sends when its guest wants n bytes.
func (g *guest) ask(n int) error {
	const piece = 255 // the most that one request of the protocol asks for
	g.asked = time.Now()
	g.owed += n
	for ; n > 0; n -= piece {
		if err := harness.Write(g.fd, []byte{2, byte(min(n, piece))}); err != nil {
			return err
		}
	}
	return nil
}

// prove has every guest, silent or not, ask for 16 bytes and the pid, and compares the pid: had there been a byte too
// many or too few, it would be another one.
func (h *host) prove() error {
	for i, g := range h.guests {
		r := harness.Send(os.NewFile(uintptr(g.fd), "guest"), 2, 16, 4)
		r.Discard(16)
		if r.PID(h.daemon.PID); r.Err != nil {
			return fmt.Errorf("guest %d at the end: %w", i+1, r.Err)
		}
	}
	return nil
}
