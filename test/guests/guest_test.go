//go:build linux

package guests

import (
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// guest is QEMU's end of one guest.
type guest struct {
	fd    int
	owed  int // bytes asked for that have not come
	asked time.Time
	got   int64
}

// piece is the most that one request of the protocol asks for.
const piece = 255

// ask sends what QEMU sends when its guest wants n bytes.
func (g *guest) ask(n int) error {
	g.asked = time.Now()
	g.owed += n
	for n > 0 {
		some := min(n, piece)
		if err := harness.Write(g.fd, []byte{2, byte(some)}); err != nil {
			return err
		}
		n -= some
	}
	return nil
}

// take reads what is there and reports whether all has come.
func (g *guest) take(buf []byte) (bool, error) {
	n, e := harness.Read(g.fd, buf)
	switch {
	case e == unix.EINTR || e == unix.EAGAIN:
		return false, nil
	case e != 0:
		return false, e
	case n == 0:
		return false, fmt.Errorf("closed, with %d bytes to come", g.owed)
	case n > g.owed:
		return false, fmt.Errorf("%d bytes came, with %d to come", n, g.owed)
	}
	g.owed -= n
	g.got += int64(n)
	return g.owed == 0, nil
}

// prove has a guest that is owed nothing ask for 16 bytes and the pid, and
// compares the pid: had there been a byte too many or too few, it would be
// another one.
func (g *guest) prove(pid int) error {
	want := strconv.Itoa(pid)
	reply := make([]byte, 16+1+len(want))
	if err := harness.Write(g.fd, []byte{2, 16, 4}); err != nil {
		return err
	}
	for n := 0; n < len(reply); {
		got, e := harness.Read(g.fd, reply[n:])
		if e == unix.EINTR {
			continue
		}
		if e != 0 || got == 0 {
			return fmt.Errorf("%d of %d bytes, %w", n, len(reply), e)
		}
		n += got
	}
	if int(reply[16]) != len(want) || string(reply[17:]) != want {
		return fmt.Errorf("pid %q, expected %s", reply[17:], want)
	}
	return nil
}
