package process

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nameMainThread undoes that a program executed as /proc/self/fd/7 is called 7
// by ps and pidof. At the start of main we are that thread; proc(5) helps where
// the process is root's, prctl(2) where it is not.
func nameMainThread(name string) {
	b, err := unix.ByteSliceFromString(name)
	if err != nil || os.WriteFile("/proc/self/comm", b, 0) == nil || unix.Gettid() != os.Getpid() {
		return
	}
	unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&b[0])), 0, 0, 0)
}
