package privileges

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Conceal returns what to execute in place of program, so that from the first
// moment no process of the same user can read the memory of the new one or trace
// it: a sealed copy in memory that this user may execute and not read, since the
// kernel makes the process of such a file undumpable (execve(2), prctl(2),
// PR_SET_DUMPABLE). It returns program itself, which may be open with O_PATH,
// where a copy changes nothing: the file is unreadable already, or this process
// could read any file, and holds capabilities that protect its memory. Nor does it
// copy for uid 0: others of that uid are root's, and start-stop-daemon(8) and its
// like know a daemon of root's by its program file. A program that may not be executed is
// no more executable as a copy: it is an error. The caller closes the copy. It needs
// /proc, and fs.suid_dumpable must not be 1.
func Conceal(program *os.File) (*os.File, error) {
	if os.Geteuid() == 0 || readsEverything() {
		return program, nil
	}
	if err := unix.Faccessat(unix.AT_FDCWD, fdPath(program), unix.X_OK, unix.AT_EACCESS); err != nil {
		return nil, err
	}
	original, err := os.Open(fdPath(program))
	if errors.Is(err, os.ErrPermission) {
		return program, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading program %s: %w", program.Name(), err)
	}
	defer original.Close()
	copied, err := executableMemory(program.Name())
	if err != nil {
		return nil, fmt.Errorf("copying program %s to memory: %w", program.Name(), err)
	}
	if err := fillAndSeal(copied, original); err != nil {
		copied.Close()
		return nil, fmt.Errorf("copying program %s to memory: %w", program.Name(), err)
	}
	return copied, nil
}

// executableMemory makes a file in memory. MFD_EXEC is what Linux 6.3 wants to
// hear, and older kernels refuse (memfd_create(2)).
func executableMemory(name string) (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("prngd", flags|unix.MFD_EXEC)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate("prngd", flags)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

func fillAndSeal(copied, original *os.File) error {
	if _, err := io.Copy(copied, original); err != nil {
		return err
	}
	if err := copied.Chmod(0o111); err != nil {
		return err
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	_, err := unix.FcntlInt(copied.Fd(), unix.F_ADD_SEALS, seals)
	return os.NewSyscallError("fcntl F_ADD_SEALS", err)
}

// fdPath names a descriptor of ours by proc(5).
func fdPath(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

// readsEverything reports whether file modes do not bind this process.
func readsEverything() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if unix.Capget(&header, &sets[0]) != nil {
		return false
	}
	return sets[0].Effective&(1<<unix.CAP_DAC_OVERRIDE|1<<unix.CAP_DAC_READ_SEARCH) != 0
}

// Dumpable reports whether other processes of the same user can read the memory
// of this one (prctl(2), PR_GET_DUMPABLE).
func Dumpable() (bool, error) {
	is, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	return is == 1, os.NewSyscallError("prctl PR_GET_DUMPABLE", err)
}
