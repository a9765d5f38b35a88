//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/scripts/internal/load"
)

// measure has guests played beside a mail server, and prints the figures.
func measure(o options) error {
	alone, err := mail(o.address, min(o.lasts, 2*time.Second))
	if err != nil {
		return err
	}
	theatre, err := open(o)
	if err != nil {
		return err
	}
	before := load.CPU(o.pid)
	theatre.begin()
	beside, mailErr := mail(o.address, o.lasts)
	saw, err := theatre.end()
	if err := errors.Join(mailErr, err); err != nil {
		return err
	}
	f := o.figures(saw, load.CPU(o.pid)-before)
	f.beside, f.alone = beside, alone
	fmt.Print(f)
	if o.row == "" {
		return nil
	}
	table, err := os.OpenFile(o.row, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(table, f.row())
	return errors.Join(err, table.Close())
}

// mail is Postfix's tlsmgr, but for its pauses: 32 bytes by command 1 on one
// connection, every 10 ms.
func mail(address string, lasts time.Duration) (digest, error) {
	fd, err := load.Connect(address)
	if err != nil {
		return digest{}, err
	}
	defer unix.Close(fd)
	var waits []time.Duration
	reply := make([]byte, 64)
	for begin := time.Now(); time.Since(begin) < lasts; time.Sleep(10 * time.Millisecond) {
		asked := time.Now()
		if _, err := unix.Write(fd, []byte{1, 32}); err != nil {
			return digest{}, err
		}
		n, err := unix.Read(fd, reply)
		if err != nil || n != 33 || reply[0] != 32 { // as tlsmgr: all of it in one read
			return digest{}, fmt.Errorf("the mail server got %d bytes, expected 33 in one piece: %w", n, err)
		}
		waits = append(waits, time.Since(asked))
	}
	return digested(waits), nil
}

// theatre is the process that plays the guests.
type theatre struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// open starts it, as the guests' user if we may, and returns when all guests are
// connected.
func open(o options) (*theatre, error) {
	t := &theatre{cmd: exec.Command("/proc/self/exe", append([]string{"-playing"}, os.Args[1:]...)...)}
	t.cmd.Stderr = os.Stderr
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		t.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.uid)}
	}
	var err error
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewReader(out)
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := t.out.ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
		return nil, errors.Join(fmt.Errorf("the guests could not connect: %q", line), t.cmd.Wait())
	}
	return t, nil
}

func (t *theatre) begin() { fmt.Fprintln(t.in, "begin") }

func (t *theatre) end() (saw played, err error) {
	err = json.NewDecoder(t.out).Decode(&saw)
	return saw, errors.Join(err, t.cmd.Wait())
}
