//go:build linux

package clones

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/control"
	"prngd/test/harness"
)

const (
	pace   = 2 * time.Millisecond
	before = 256 // replies that are kept of those before the kernel's word
	after  = 32  // and that are awaited after it
)

// told is what a guest tells on its console, when it is ready and in the end.
type told struct {
	Replies []reply
	Parted  int64 // when the guest had read the kernel's word
	Status  *control.Report
}

// reply is one answer of the daemon. Times are of the monotonic clock in ns: the same in two machines only before they
// were parted.
type reply struct {
	Sent, Took int64
	Bytes      [16]byte
}

// guest is a role: the first process of a virtual machine. It runs the daemon in a jail whose getrandom gives the same
// bytes in every machine, asks it without a pause, and tells what it got around the moment at which the kernel says that
// the machine was restored.
func guest([]string) {
	for what, at := range map[string]string{"proc": "/proc", "sysfs": "/sys", "devtmpfs": "/dev"} {
		must(unix.Mount(what, at, what, 0, ""))
	}
	// The kernel tells of a restore only if its own generator was ready, and here nobody else makes it so.
	_, err := unix.Getrandom(make([]byte, 32), 0)
	must(err)
	conn := startDaemon()
	restored := watchKernel()
	shared := replies(conn, 8, always) // the snapshot is later than these, however fast the host is
	tell("READY", told{})
	list := replies(conn, 0, func() bool { return restored.Load() != 0 })
	list = slices.Concat(shared, list[max(0, len(list)-before):], replies(conn, after, always))
	tell("DONE", told{Replies: list, Parted: restored.Load()})
	must(unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF))
}

// must tells the host of an error, and is the end.
func must(err error) {
	if err != nil {
		fmt.Println("FAILED", err)
		unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	}
}

func always() bool { return true }

// startDaemon returns a connection to a daemon that is seeded, and whose independent source has passed its start-up test.
func startDaemon() (conn net.Conn) {
	daemon := exec.Command("/bin/jail", "-fixed", "/bin/prngd", "-f", "-c", "/etc/prngd.conf", "-s", "/var/seed", "-p", "/run/pid")
	daemon.Stdout, daemon.Stderr = os.Stdout, os.Stderr
	must(daemon.Start())
	must(harness.Await(func() bool { conn, _ = net.Dial("unix", "/run/egd"); return conn != nil }))
	replies(conn, 1, always)
	must(harness.Await(func() bool { return jitter(status()).State == "healthy" }))
	return conn
}

// watchKernel sets restored to the time at which the kernel says that the machine was.
func watchKernel() (restored *atomic.Int64) {
	kmsg, err := os.Open("/dev/kmsg")
	must(err)
	_, err = kmsg.Seek(0, io.SeekEnd)
	must(err)
	restored = new(atomic.Int64)
	go func() {
		for record := make([]byte, 8192); ; {
			n, err := kmsg.Read(record)
			must(err)
			if bytes.Contains(record[:n], []byte("virtual machine fork")) {
				restored.Store(monotonic())
			}
		}
	}()
	return restored
}

func monotonic() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

// replies asks again and again, at least n times and until done says so.
func replies(conn net.Conn, n int, done func() bool) (list []reply) {
	for len(list) < n || !done() {
		r := reply{Sent: monotonic()}
		answer := harness.Send(conn, 2, byte(len(r.Bytes)))
		answer.Random(r.Bytes[:])
		must(answer.Err)
		r.Took = monotonic() - r.Sent
		if list = append(list, r); len(list) > 2*before {
			list = append(list[:0], list[len(list)-before:]...)
		}
		time.Sleep(pace)
	}
	return list
}

// status is what the daemon says of itself.
func status() *control.Report {
	r, err := (&harness.Daemon{Control: "/run/status"}).Ask(control.Status)
	must(err)
	return r
}

func jitter(r *control.Report) (found control.Source) {
	for _, s := range r.Sources {
		if s.Name == "jitter" {
			found = s
		}
	}
	return found
}

// tell tells the host, behind a word, with the daemon's status.
func tell(word string, what told) {
	what.Status = status()
	line, err := json.Marshal(what)
	must(err)
	fmt.Println(word, string(line))
}
