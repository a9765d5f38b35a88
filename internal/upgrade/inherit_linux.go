package upgrade

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
)

// payloadVariable tells a program what was left for it: pid and start time of the
// process, the descriptors of documents and secret, descriptor and pid of the
// guard. One left over from elsewhere names another process, and so does nothing.
const payloadVariable = "PRNGD_UPGRADE"

func (p *Program) variable(b bundle) string {
	fd, pid := p.guard.identity()
	return fmt.Sprintf("%s=%d %d %d %d %d %d", payloadVariable,
		os.Getpid(), startTime(), b.documents.Fd(), b.secret.Fd(), fd, pid)
}

// Inheritance is what the earlier program in this process has left. The
// descriptors of Payload.Keep are the caller's to close on exec.
type Inheritance struct {
	State    []byte
	Resolved []byte // empty if the earlier program had none
	Secret   []byte

	guard *guard
}

// Inherit returns what an earlier program in the same process left by
// [Program.Exec], nil if there was none. It belongs at the very start of main: it
// makes the process undumpable before it reads, and until then the variable and
// the descriptors would be passed on to other programs.
func Inherit() (*Inheritance, error) {
	value, found := os.LookupEnv(payloadVariable)
	os.Unsetenv(payloadVariable)
	if !found {
		return nil, nil
	}
	_ = privileges.Undumpable() // best effort; the daemon does it again and says what failed
	b, g, ours := unpack(value)
	if !ours {
		return nil, nil
	}
	reapAll()
	defer b.documents.Close()
	defer b.secret.Close()
	in := &Inheritance{guard: g}
	var err error
	if in.Secret, err = io.ReadAll(b.secret); err != nil {
		return nil, fmt.Errorf("reading the pipe with the secret: %w", err)
	}
	documents, err := ReadMemory(b.documents)
	if err != nil {
		return nil, fmt.Errorf("reading the state document: %w", err)
	}
	parts, err := unframe(documents, 2)
	if err == nil && len(parts[0]) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state document: %w", err)
	}
	in.State, in.Resolved = parts[0], parts[1]
	return in, nil
}

// Adopted says that this program handles signals, and removes the files of the
// process itself from now on. The guard ends.
func (in *Inheritance) Adopted() {
	in.guard.dismiss()
	in.guard = nil
}

// unpack opens the bundle that value describes, if it is for this process.
func unpack(value string) (b bundle, g *guard, ours bool) {
	var pid, documents, secret, guardFD, guardPID int
	var started uint64
	n, err := fmt.Sscanf(value, "%d %d %d %d %d %d", &pid, &started, &documents, &secret, &guardFD, &guardPID)
	if n != 6 || err != nil || pid != os.Getpid() || started != startTime() || documents < 3 || secret < 3 {
		return bundle{}, nil, false
	}
	closeOnExec([]int{documents, secret})
	b = bundle{os.NewFile(uintptr(documents), "state document"), os.NewFile(uintptr(secret), "secret")}
	return b, adoptGuard(guardFD, guardPID), true
}

// startTime is when this process began, in clock ticks since the boot, and 0
// without /proc. Executing a program does not change it: proc_pid_stat(5),
// field 22.
func startTime() uint64 {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ") // field 3 is next
	fields := strings.Fields(after)
	if len(fields) < 20 {
		return 0
	}
	t, _ := strconv.ParseUint(fields[22-3], 10, 64)
	return t
}

// reapAll reaps children that died in the exec, and that this program does not
// know.
func reapAll() {
	for {
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 && err != unix.EINTR {
			return
		}
	}
}
