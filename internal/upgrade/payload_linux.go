package upgrade

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
)

// bundleVariable tells a program what was left for it: pid, start time of the
// process, and the descriptors of document and secret. One left over from
// elsewhere names another process, and so does nothing.
const bundleVariable = "PRNGD_HANDOVER"

// bundle is a Payload on its way. The document is not in the pipe: a pipe holds
// 64 KiB, and who would read from it comes only when the writer is gone.
type bundle struct{ document, secret *os.File }

func pack(l Payload) (bundle, error) {
	document, err := memory(l.Document)
	if err != nil {
		return bundle{}, err
	}
	secret, err := pipeOf(l.Secret)
	if err != nil {
		document.Close()
		return bundle{}, err
	}
	return bundle{document, secret}, nil
}

// memory returns a file that has data in it and no name.
func memory(data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("prngd handover", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making the handover document: %w", err)
	}
	f := os.NewFile(uintptr(fd), "handover document")
	if _, err := f.WriteAt(data, 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("making the handover document: %w", err)
	}
	return f, nil
}

// pipeOf returns the reading end of a pipe that holds secret, and then ends.
func pipeOf(secret []byte) (*os.File, error) {
	if len(secret) > 4096 { // a page: what every pipe takes at once
		panic("internal error: a secret for a pipe of at most 4096 bytes")
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("making the handover pipe: %w", err)
	}
	defer unix.Close(ends[1])
	if _, err := unix.Write(ends[1], secret); err != nil {
		unix.Close(ends[0])
		return nil, fmt.Errorf("filling the handover pipe: %w", err)
	}
	return os.NewFile(uintptr(ends[0]), "handover pipe"), nil
}

func (p bundle) descriptors() []int { return []int{int(p.document.Fd()), int(p.secret.Fd())} }

func (p bundle) variable() string {
	return fmt.Sprintf("%s=%d %d %d %d", bundleVariable, os.Getpid(), startTime(), p.document.Fd(), p.secret.Fd())
}

// discard empties what nobody came for.
func (p bundle) discard() {
	p.document.Close()
	if left, err := io.ReadAll(p.secret); err == nil {
		clear(left)
	}
	p.secret.Close()
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

// Inherit returns what the program before this one in the same process left by
// [Program.Exec]; nil, nil, nil if there was none. It belongs at the very start
// of main: it makes the process undumpable before it reads, and until then the
// variable and the descriptors would be passed on to other programs. The
// descriptors of Payload.Keep are the caller's to close on exec.
func Inherit() (document, secret []byte, err error) {
	value, found := os.LookupEnv(bundleVariable)
	os.Unsetenv(bundleVariable)
	if !found {
		return nil, nil, nil
	}
	_ = privileges.Undumpable() // best effort; the daemon does it again and says what failed
	p, ours := unpack(value)
	if !ours {
		return nil, nil, nil
	}
	nameMainThread()
	reapAll()
	defer p.document.Close()
	defer p.secret.Close()
	secret, err = io.ReadAll(p.secret)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the handover pipe: %w", err)
	}
	document, err = io.ReadAll(io.NewSectionReader(p.document, 0, 1<<62))
	if err == nil && len(document) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the handover document: %w", err)
	}
	return document, secret, nil
}

// unpack opens the bundle that value describes, if it is for this process.
func unpack(value string) (p bundle, ours bool) {
	var pid, document, secret int
	var started uint64
	n, err := fmt.Sscanf(value, "%d %d %d %d", &pid, &started, &document, &secret)
	if n != 4 || err != nil || pid != os.Getpid() || started != startTime() || document < 3 || secret < 3 {
		return bundle{}, false
	}
	closeOnExec([]int{document, secret})
	return bundle{os.NewFile(uintptr(document), "handover document"), os.NewFile(uintptr(secret), "handover pipe")}, true
}

// reapAll waits for children that died in the exec, and that nobody knows any more.
func reapAll() {
	for {
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 && err != unix.EINTR {
			return
		}
	}
}

// nameMainThread undoes that a program executed as /proc/self/fd/7 is called 7
// by ps and pidof. At the start of main we are that thread; proc(5) helps where
// the process is root's, prctl(2) where it is not.
func nameMainThread() {
	path, err := os.Executable()
	if err != nil {
		return
	}
	name, err := unix.ByteSliceFromString(filepath.Base(path))
	if err != nil || os.WriteFile("/proc/self/comm", name, 0) == nil || unix.Gettid() != os.Getpid() {
		return
	}
	unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
}
