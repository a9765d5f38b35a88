package privileges_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
)

func programs() map[string]func() {
	return map[string]func(){"become": become, "forbidden": forbidden, "confined": confined, "undumpable": undumpable}
}

// become turns into uid 4711, gid 4712 with the groups 4712 and 4713, while
// other threads are about, and says what each of them is now.
func become() {
	var ready, done sync.WaitGroup
	done.Add(1)
	for range 4 {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			done.Wait()
		}()
	}
	ready.Wait()
	err := privileges.Become(user4711)
	if errors.Is(err, errors.ErrUnsupported) {
		fmt.Println("unsupported")
		return
	}
	ok(err)
	ok(privileges.DropCapabilities())
	ok(privileges.Undumpable())
	printState()
}

var user4711 = privileges.User{Name: "test", UID: 4711, GID: 4712, Groups: []int{4713}}

// printState says what was asked for and what is, of all threads.
func printState() {
	for _, p := range (privileges.Asked{User: &user4711, NoCapabilities: true}).Checks(privileges.Read()) {
		fmt.Printf("%s: %s, %v\n", p.What, p.Is, p.OK())
	}
}

const becameUser = `uid: 4711, true
gid: 4712, true
groups: 4712 4713, true
`

func TestBecome(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("wants root")
	}
	stdout, stderr, status := run("become")
	if stdout == "unsupported\n" {
		t.Skip("a binary with cgo; ours is built without")
	}
	const want = becameUser + `capabilities: none, true
no_new_privs: set, true
memory readable by its user: no, true
`
	if status != 0 || stdout != want {
		t.Errorf("status %d, %s, got\n%sexpected\n%s", status, stderr, stdout, want)
	}
}

// forbidden gives everything up where a filter answers ENOSYS, as seccomp's do, to
// capset(2) and to PR_SET_NO_NEW_PRIVS: forbidden [user].
func forbidden() {
	ok(forbid())
	if len(os.Args) > 1 {
		ok(privileges.Become(user4711))
	}
	err := privileges.DropCapabilities()
	fmt.Println(strings.ReplaceAll(fmt.Sprint(err), "\n", "; "))
	ok(privileges.Undumpable())
	user4711.UID, user4711.GID, user4711.Groups = os.Getuid(), os.Getgid(), nil
	for _, p := range (privileges.Asked{NoCapabilities: true}).Checks(privileges.Read()) {
		fmt.Printf("%s: %.12s, %v, critical %v\n", p.What, p.Is, p.OK(), p.Critical)
	}
}

// forbid installs the filter for all threads. Source: seccomp(2).
func forbid() error {
	const ld, eq, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{
		{Code: ld, K: 0}, // the number of the call
		{Code: eq, K: unix.SYS_CAPSET, Jt: 4},
		{Code: eq, K: unix.SYS_PRCTL, Jf: 2},
		{Code: ld, K: 16}, // the low half of its first argument, on a little-endian machine
		{Code: eq, K: unix.PR_SET_NO_NEW_PRIVS, Jt: 1},
		{Code: ret, K: unix.SECCOMP_RET_ALLOW},
		{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// TestDropCapabilitiesA8: a call that answers ENOSYS is said, and what is left is
// read back and critical.
func TestDropCapabilitiesA8(t *testing.T) {
	if os.Getuid() != 0 || runtime.GOARCH != "amd64" {
		t.Skip("wants root, and a little-endian machine")
	}
	const noNewPrivs = `setting no_new_privs: function not implemented`
	for who, want := range map[string]string{
		"": noNewPrivs + `; dropping capabilities: function not implemented
capabilities: CapPrm 00000, false, critical true
no_new_privs: not set, false, critical true
memory readable by its user: no, true, critical true
`,
		"user": noNewPrivs + `
capabilities: none, true, critical true
no_new_privs: not set, false, critical true
memory readable by its user: no, true, critical true
`,
	} {
		stdout, stderr, status := run("forbidden", strings.Fields(who)...)
		if strings.Contains(stderr, "not supported") {
			t.Log("becoming another user wants a binary without cgo")
			continue
		}
		if status != 0 || stdout != want {
			t.Errorf("%q: status %d, %s, got\n%sexpected\n%s", who, status, stderr, stdout, want)
		}
	}
}
