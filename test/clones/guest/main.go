//go:build linux

// Command guest is the first process of the virtual machine of package clones. It runs the daemon in a jail whose
// getrandom gives the same bytes in every machine, asks it without a pause, and prints what it got around the moment at
// which the kernel says that the machine was restored.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/control"
)

const (
	socket = "/run/egd"
	status = "/run/status"
	pace   = 2 * time.Millisecond
	before = 256 // replies that are kept of those before the kernel's word
	after  = 32  // and that are awaited after it
)

// reply is one answer of the daemon.
type reply struct {
	sent  int64         // monotonic clock in ns: the same in two machines only before they were parted
	took  time.Duration // until it was there
	bytes [16]byte
}

func main() {
	log.SetFlags(0)
	if err := live(); err != nil {
		log.Print("FAILED ", err)
	}
	os.Stdout.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func live() error {
	for what, at := range map[string]string{"proc": "/proc", "sysfs": "/sys", "devtmpfs": "/dev"} {
		if err := unix.Mount(what, at, what, 0, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", at, err)
		}
	}
	// The kernel tells of a restore only if its own generator was ready, and here nobody else makes it so.
	if _, err := unix.Getrandom(make([]byte, 32), 0); err != nil {
		return err
	}
	daemon := exec.Command("/bin/jail", "-fixed", "/bin/prngd", "-f", "-c", "/etc/prngd.conf", "-s", "/var/seed", "-p", "/run/pid")
	daemon.Stdout, daemon.Stderr = os.Stdout, os.Stderr
	if err := daemon.Start(); err != nil {
		return err
	}
	conn, err := connect()
	if err != nil {
		return err
	}
	restored, err := watchKernel()
	if err != nil {
		return err
	}
	if _, err := replies(conn, 1, always); err != nil { // waits until it is seeded
		return err
	}
	if err := settled(); err != nil {
		return err
	}
	fmt.Println("READY")
	list, err := replies(conn, 0, func() bool { return restored.Load() != 0 })
	if err != nil {
		return err
	}
	list = list[max(0, len(list)-before):]
	later, err := replies(conn, after, always)
	if err != nil {
		return err
	}
	print(append(list, later...), restored.Load())
	return nil
}

func always() bool { return true }

func connect() (conn net.Conn, err error) {
	for range 600 {
		if conn, err = net.Dial("unix", socket); err == nil {
			return conn, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, err
}

// watchKernel sets restored to the time at which the kernel says that the machine was.
func watchKernel() (restored *atomic.Int64, err error) {
	kmsg, err := os.Open("/dev/kmsg")
	if err != nil {
		return nil, err
	}
	if _, err := kmsg.Seek(0, io.SeekEnd); err != nil {
		return nil, err
	}
	restored = new(atomic.Int64)
	go func() {
		for record := make([]byte, 8192); ; {
			n, err := kmsg.Read(record)
			if err != nil {
				log.Fatal("FAILED /dev/kmsg: ", err)
			}
			if bytes.Contains(record[:n], []byte("virtual machine fork")) {
				restored.Store(monotonic())
			}
		}
	}()
	return restored, nil
}

func monotonic() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

// replies asks again and again, at least n times and until done says so.
func replies(conn net.Conn, n int, done func() bool) (list []reply, err error) {
	for len(list) < n || !done() {
		r := reply{sent: monotonic()}
		if _, err := conn.Write([]byte{2, byte(len(r.bytes))}); err != nil {
			return list, err
		}
		if _, err := io.ReadFull(conn, r.bytes[:]); err != nil {
			return list, err
		}
		r.took = time.Duration(monotonic() - r.sent)
		if list = append(list, r); len(list) > 2*before {
			list = append(list[:0], list[len(list)-before:]...)
		}
		time.Sleep(pace)
	}
	return list, nil
}

// ask asks the daemon for its status.
func ask() (*control.Report, error) {
	conn, err := net.Dial("unix", status)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return control.Ask(conn, "status")
}

// settled waits until the independent source has passed its start-up test and
// nothing is due any more.
func settled() error {
	for range 600 {
		report, err := ask()
		if err != nil {
			return err
		}
		if state, bits := jitter(report); state == "healthy" {
			fmt.Println("STATE 0 0 0", bits, `""`)
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("jitter did not become healthy in a minute")
}

func jitter(report *control.Report) (state string, bits uint64) {
	for _, s := range report.Sources {
		if s.Name == "jitter" {
			return s.State, s.Bits
		}
	}
	return "missing", 0
}

// print tells the host: each reply, when the kernel's word was seen, and what the
// daemon says of itself.
func print(list []reply, parted int64) {
	out := bufio.NewWriter(os.Stdout)
	for _, r := range list {
		fmt.Fprintf(out, "REPLY %d %d %x\n", r.sent, r.took, r.bytes)
	}
	out.Flush()
	report, err := ask()
	if err != nil {
		log.Print("FAILED ", err)
		return
	}
	_, bits := jitter(report)
	g := report.Generator
	fmt.Printf("STATE %d %d %d %d %q\n", parted, g.Clones, g.Reseeds, bits, g.Unsettled)
	for _, line := range report.Log {
		fmt.Println("LOG", line)
	}
	fmt.Println("DONE")
}
