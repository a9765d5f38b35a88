//go:build linux

package failcalls

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// daemon is the one whose calls fail.
type daemon struct {
	*harness.Daemon
	loop  int // the thread that accepts
	added int // listeners added so far
}

// most is how many calls of a kind are failed, and the last one.
const most = 20

func (d *daemon) addresses() map[string]string {
	return map[string]string{"unix": d.Socket, "tcp": d.TCP}
}

// failAll has every call fail that an exchange over this network makes.
func (d *daemon) failAll(r *report, network string, others []net.Conn) error {
	address := d.addresses()[network]
	victim := func() verdict { return d.exchange(network, address, slowly) }
	var seen verdict
	n, err := d.count(calls(plan), func() { seen = victim() })
	if err != nil {
		return err
	}
	if seen != answered {
		return fmt.Errorf("while nothing fails, a client over %s: %s", network, seen)
	}
	for _, f := range plan {
		if !strings.Contains(f.networks, network) || n[f.call] == 0 && strings.HasPrefix(f.call, "epoll_") {
			continue // a system has epoll_wait or epoll_pwait
		}
		if n[f.call] == 0 {
			return fmt.Errorf("an exchange over %s makes no %s", network, f.call)
		}
		for _, nth := range d.which(n[f.call]) {
			hit, err := d.fail(f, nth, func() { seen = victim() })
			if err != nil {
				return err
			}
			if !hit {
				continue // it made a call less this time
			}
			r.add(network, f, nth, seen, d.check(others))
		}
	}
	return nil
}

// which of n calls to fail.
func (d *daemon) which(n int) (list []int) {
	for i := 1; i <= n; i++ {
		if i <= most || i == n {
			list = append(list, i)
		}
	}
	return list
}

// failListeners adds a listener for each failure, by a reload, while it happens.
func (d *daemon) failListeners(r *report, others []net.Conn) error {
	for _, f := range newListener {
		var seen verdict
		var path string
		hit, err := d.fail(f, 1, func() {
			if path, seen = d.addListener(); seen == "" {
				seen = d.exchange("unix", path, slowly)
			}
		})
		if err != nil {
			return err
		}
		if !hit {
			return fmt.Errorf("a new listener makes no %s", f.call)
		}
		r.add("new listener", f, 1, seen, d.check(others))
	}
	return nil
}

// addListener has the daemon listen at one more path.
func (d *daemon) addListener() (path string, problem verdict) {
	d.added++
	path = fmt.Sprintf("%s%d", d.Dir+"/more", d.added)
	f, err := os.OpenFile(d.Conf, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return path, verdict(err.Error())
	}
	fmt.Fprintf(f, "listen %s\n", path)
	if err := f.Close(); err != nil {
		return path, verdict(err.Error())
	}
	if err := syscall.Kill(d.PID, syscall.SIGHUP); err != nil {
		return path, verdict(err.Error())
	}
	err = harness.Await(func() bool {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	if err != nil {
		return path, verdict(err.Error())
	}
	return path, ""
}

// befriend makes the connections that nothing may happen to.
func (d *daemon) befriend() (others []net.Conn, err error) {
	for range 4 {
		for network, address := range d.addresses() {
			c, err := net.Dial(network, address)
			if err != nil {
				return nil, err
			}
			others = append(others, c)
		}
	}
	return others, d.check(others)
}

// check asks on every old connection and on two new ones.
func (d *daemon) check(others []net.Conn) error {
	for _, c := range others {
		c.SetDeadline(time.Now().Add(patience))
		if err := d.ask(c, []byte{0, 4}, append([]byte{0, 0, 0x20, 0}, harness.PIDReply(d.PID)...)); err != nil {
			return fmt.Errorf("an older client over %s: %w", c.RemoteAddr().Network(), err)
		}
	}
	for network, address := range d.addresses() {
		if v := d.exchange(network, address, 0); v != answered {
			return fmt.Errorf("the next client over %s: %s", network, v)
		}
	}
	return nil
}

// urgent makes connections that have sent a byte out of band, which the daemon does
// not read: it must not look for it again and again.
func (d *daemon) urgent() (list []net.Conn, err error) {
	for network, address := range d.addresses() {
		c, err := net.Dial(network, address)
		if err != nil {
			return list, err
		}
		list = append(list, c)
		raw, err := c.(syscall.Conn).SyscallConn()
		if err != nil {
			return list, err
		}
		raw.Control(func(fd uintptr) { unix.Send(int(fd), []byte{4}, unix.MSG_OOB) }) // not every kernel has it for Unix sockets
	}
	return list, nil
}

// descriptors is how many the daemon has open when its clients' are closed again: a client is gone sooner than its
// descriptor.
func (d *daemon) descriptors() (int, error) {
	fewest := 0
	for range 20 {
		list, err := harness.Descriptors(d.PID)
		if err != nil {
			return 0, err
		}
		if fewest == 0 || len(list) < fewest {
			fewest = len(list)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fewest, nil
}
