package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
)

// Adopt makes a Listener of an inherited descriptor, which it copies; f is the
// caller's to close. It calls listen(2) on it again. The path of a Unix socket
// belongs to whoever made it: Close does not remove it, but see Claim.
func Adopt(f *os.File) (*Listener, error) {
	ln, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("adopting descriptor %s: %w", f.Name(), err)
	}
	l := New(ln, nil)
	if l.address.Network == "" {
		ln.Close()
		return nil, fmt.Errorf("adopting descriptor %s: expected a Unix or TCP socket, found %s", f.Name(), ln.Addr().Network())
	}
	l.adopted = true
	if l.address.Network == "unix" {
		ln.(*net.UnixListener).SetUnlinkOnClose(false)
		l.file, _ = os.Lstat(l.address.Path) // gone already: Missing will say so
	}
	if err := l.Relisten(); err != nil {
		ln.Close()
		return nil, err
	}
	return l, nil
}

// Claim takes over whom to let in from the listen line that an adopted listener
// satisfies. A TCP listener without Allow lets in this host alone. With own,
// the path is ours, as after our own re-execution: Close removes it.
func (l *Listener) Claim(o Options, own bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.allow = slices.Clone(o.Allow)
	l.adopted = !own
}

// File returns a copy of l's descriptor, to be handed to another process.
func (l *Listener) File() (*os.File, error) {
	type filer interface{ File() (*os.File, error) }
	f, ok := l.socket().(filer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return f.File()
}

// SyscallConn gives access to l's descriptor, for those who look at who called
// listen(2) or keep it across an exec.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	return l.socket().(syscall.Conn).SyscallConn()
}
