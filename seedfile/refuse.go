package seedfile

import (
	"errors"
	"os"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// ErrRefused is in every error of a path that is something else than a seed or
// exchange file: a link, a device, a file of another owner, a text. It does not go
// away by itself.
var ErrRefused = errors.New("not a file for random bytes")

// refused marks an error with ErrRefused and leaves its text alone.
type refused struct{ error }

func (e refused) Unwrap() error      { return e.error }
func (refused) Is(target error) bool { return target == ErrRefused }

// regular refuses everything but a regular file.
func regular(st *unix.Stat_t) error {
	kind := "a device"
	switch uint32(st.Mode) & unix.S_IFMT {
	case unix.S_IFREG:
		return nil
	case unix.S_IFLNK:
		kind = "a symbolic link"
	case unix.S_IFDIR:
		kind = "a directory"
	case unix.S_IFIFO:
		kind = "a FIFO"
	case unix.S_IFSOCK:
		kind = "a socket"
	}
	return refused{errors.New("is " + kind)}
}

// textSize is how much of a file is looked at: random bytes differ from text in
// the first few.
const textSize = 512

// refuseText refuses a file that begins with text: a configuration, a log, a pid
// file. It would be overwritten, and random bytes are never text.
func refuseText(file *os.File, st *unix.Stat_t) error {
	if st.Size == 0 {
		return nil
	}
	var b [textSize]byte
	defer clear(b[:])
	n, _ := file.ReadAt(b[:], 0) // what cannot be read is treated when it is loaded
	if n > 0 && isText(b[:n]) {
		return refused{errors.New("is a text, expected random bytes; remove it if it may be overwritten")}
	}
	return nil
}

// isText reports whether all of b is printable UTF-8. The last character may be
// cut.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size <= 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		}
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return false
		}
		b = b[size:]
	}
	return true
}

// writable says why an inherited descriptor cannot be written to.
func writable(file *os.File) error {
	flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_ACCMODE != unix.O_RDWR {
		err = unix.EACCES
	}
	return os.NewSyscallError("open", err)
}
