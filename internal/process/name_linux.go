package process

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// init keeps main on the main thread until FindOrigin. Where the machine is busy the
// scheduler may move it to another one at any time.
func init() { runtime.LockOSThread() }

// nameMainThread undoes that a program executed as /proc/self/fd/7 is called 7
// by ps and pidof. prctl(2) names the calling thread. proc(5) could name another one,
// but a sandbox forbids to write there.
func nameMainThread(name string) {
	b, err := unix.ByteSliceFromString(name)
	if err != nil || unix.Gettid() != os.Getpid() {
		return
	}
	unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&b[0])), 0, 0, 0)
}
