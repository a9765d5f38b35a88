//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// child is a process of our own program: whoever attacks shares no scheduler
// and no collector with whoever is measured.
type child struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// child starts one and waits until it is ready.
func (d *daemon) child(nice int, role, name string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := append([]string{"-n", strconv.Itoa(nice), self, "-child", role, "--", name}, d.args...)
	c := &child{cmd: exec.Command("nice", args...)}
	c.cmd.Stderr, c.cmd.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	return c, c.ready()
}

// ready waits until it says so.
func (c *child) ready() error {
	line, err := c.out.ReadString('\n')
	if err != nil || line != "ready\n" {
		return fmt.Errorf("a child said %q, expected ready: %w", line, err)
	}
	return nil
}

// end lets an attacker stop, or a client begin, and reads what it has to say.
func (c *child) end(result any) error {
	c.in.Close()
	if err := json.NewDecoder(c.out).Decode(result); err != nil {
		return fmt.Errorf("reading a child's result: %w", err)
	}
	return c.cmd.Wait()
}

func (c *child) kill() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

// beChild is what such a process does.
func beChild(role string, args []string) {
	name, t := args[0], target{socket: args[1], control: args[2]}
	t.port, _ = strconv.Atoi(args[3])
	if role == "client" {
		how, err := time.ParseDuration(name)
		if err != nil {
			log.Fatal(err)
		}
		json.NewEncoder(os.Stdout).Encode(t.behave(how, func() {
			fmt.Println("ready")
			io.Copy(io.Discard, os.Stdin)
		}))
		return
	}
	a := &assault{target: t, stop: make(chan struct{}), result: result{Load: map[string]int{}}}
	go func() { io.Copy(io.Discard, os.Stdin); close(a.stop) }()
	chosen([]string{name})[0].do(a)
	json.NewEncoder(os.Stdout).Encode(&a.result)
}

// assault is one attack under way.
type assault struct {
	target
	stop  chan struct{}
	begun time.Time
	mu    sync.Mutex
	result
}

// result is what an attacker has to tell.
type result struct {
	Load    map[string]int // what was done; what ends in "/s" is shown a second
	Seconds float64        // that it stood
	Wrong   []string       // what only he can see
}

// stand says that the attack is in place, and returns at its end.
func (a *assault) stand() {
	a.ready()
	<-a.stop
	a.Seconds = time.Since(a.begun).Seconds()
}

func (a *assault) ready() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun = time.Now()
	fmt.Println("ready")
}

// rage has n goroutines do something again and again until the end. Each turn
// counts.
func (a *assault) rage(n int, what string, turn func(i int) (times int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for !a.over() {
				a.count(what, turn(i))
			}
		})
	}
	a.stand()
	all.Wait()
}

func (a *assault) over() bool {
	select {
	case <-a.stop:
		return true
	default:
		return false
	}
}

func (a *assault) count(what string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Load[what] += n
}

func (a *assault) complain(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Wrong = append(a.Wrong, fmt.Sprintf(format, args...))
}
