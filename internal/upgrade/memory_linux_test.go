package upgrade_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
	"prngd/internal/process"
	"prngd/internal/upgrade"
)

// marker is what an attacker looks for in the memory of a victim.
var marker = [...]byte{0x70, 0x72, 0x6e, 0x67, 0x64, 0x41, 0x39, 0x21}

// victim is a daemon as far as its memory goes: it tells where its marker is, and
// takes its own place at each line that it reads: victim HOW.
//
//	concealed  as prngd does it
//	plain      as it would be without: undumpable when main has begun
func victim() {
	if r := upgrade.InPreflight(os.Args); r != nil {
		ok(r.Pass(nil))
		return
	}
	origin, err := process.FindOrigin(os.Args[0])
	ok(err)
	in, err := upgrade.Inherit()
	ok(err)
	plain := os.Args[1] == "plain"
	if in == nil && !plain {
		ok(origin.Conceal(os.Args))
	}
	ok(privileges.Undumpable())
	fmt.Printf("%d %v\n", uintptr(unsafe.Pointer(&marker)), origin.Concealed)
	if in != nil {
		in.Adopted()
	}
	if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
		return
	}
	if plain {
		ok(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	}
	p, err := upgrade.Open(origin.Path)
	ok(err)
	_, err = p.Preflight(context.Background(), os.Args, []byte("{}"), nil)
	ok(err)
	ok(p.Exec(upgrade.Payload{Argv: os.Args, State: []byte("{}")}))
}

// attacker opens the memory of victims, in a loop, from their exec on: so many
// starts, or upgrades of one of them. It prints how many of them it could read,
// and how many opens succeeded: attacker starts|upgrades N HOW.
func attacker() {
	n, err := strconv.Atoi(os.Args[2])
	ok(err)
	read, opened := 0, 0
	count := func(v *prey) {
		could, tries := v.attack()
		opened += tries
		if could {
			read++
		}
	}
	if os.Args[1] == "starts" {
		for range n {
			v := chase(os.Args[3])
			count(v)
			v.end()
		}
	} else {
		v := chase(os.Args[3])
		v.attack()
		for range n {
			io.WriteString(v.stdin, "\n")
			count(v)
		}
		v.end()
	}
	fmt.Println(read, opened)
}

// prey is a victim that runs.
type prey struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string
}

func chase(how string) *prey {
	self, err := os.Executable()
	ok(err)
	cmd := exec.Command(filepath.Join(filepath.Dir(self), "victim"), how)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	ok(err)
	stdout, err := cmd.StdoutPipe()
	ok(err)
	v := &prey{cmd, stdin, make(chan string)}
	ok(cmd.Start())
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			v.lines <- lines.Text()
		}
		close(v.lines)
	}()
	return v
}

// attack opens the victim's memory until the victim says that it is ready, and
// reports whether one of the descriptors has the marker in it.
func (v *prey) attack() (could bool, opened int) {
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	path := fmt.Sprintf("/proc/%d/mem", v.cmd.Process.Pid)
	for {
		select {
		case line, more := <-v.lines:
			if !more {
				fmt.Fprintln(os.Stderr, "the victim has ended")
				os.Exit(3)
			}
			address, err := strconv.ParseInt(strings.Fields(line)[0], 10, 64)
			ok(err)
			for _, fd := range fds {
				b := make([]byte, len(marker))
				if n, _ := unix.Pread(fd, b, address); n == len(b) && [8]byte(b) == marker {
					could = true
				}
			}
			return could, opened
		default:
		}
		if fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			opened++
			if fds = append(fds, fd); len(fds) > 100 { // the newest are those of the newest program
				unix.Close(fds[0])
				fds = fds[1:]
			}
		}
	}
}

func (v *prey) end() {
	v.stdin.Close()
	v.cmd.Process.Kill()
	for range v.lines {
	}
	v.cmd.Wait()
}

// TestMemoryA9: a process of the same uid that tries without a pause to open the
// memory of a daemon, from its exec on, reads nothing: of 20 starts and as many
// upgrades, or of PRNGD_TEST_READERS. The same attacker reads a daemon that only
// asks for protection itself.
func TestMemoryA9(t *testing.T) {
	if text, err := os.ReadFile("/proc/sys/fs/suid_dumpable"); err == nil && strings.TrimSpace(string(text)) == "1" {
		t.Skip("fs.suid_dumpable is 1: the kernel makes every process dumpable")
	}
	dir := programsFor(t, "attacker", "victim")
	n := os.Getenv("PRNGD_TEST_READERS")
	if n == "" {
		n = "20"
	}
	for _, c := range []struct {
		what, n, how string
		hit          bool
	}{
		{"starts", n, "concealed", false},
		{"upgrades", n, "concealed", false},
		{"starts", "5", "plain", true},
		{"upgrades", "5", "plain", true},
	} {
		cmd := exec.CommandContext(t.Context(), dir+"/attacker", c.what, c.n, c.how)
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4711}}
		}
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		var read, opened int
		fmt.Sscan(string(out), &read, &opened)
		if err != nil || (read > 0) != c.hit {
			t.Errorf("%s %s: %d of %s read, %v; expected some: %v", c.how, c.what, read, c.n, err, c.hit)
		}
		t.Logf("%s %s: %d of %s read, %d opens succeeded", c.how, c.what, read, c.n, opened)
	}
}

// programsFor puts programs of this test binary where every user may execute them.
func programsFor(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "prngd-memory-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		path := filepath.Join(dir, name)
		if i > 0 {
			err = os.Link(filepath.Join(dir, names[0]), path)
		} else {
			err = os.WriteFile(path, self, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, names[0])} { // whatever the umask
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
