package process

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"prngd/internal/peercred"
)

// peerHasPID says that a Unix peer without a pid is in another pid namespace.
const peerHasPID = true

// handle is a process: by a descriptor, so that no other one with its number can be
// taken for it, or where Linux has none (before 5.3), by its number.
type handle struct{ pid, fd int }

func open(pid int) (*handle, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch err {
	case nil:
		return &handle{pid, fd}, nil
	case unix.ENOSYS, unix.EPERM: // EPERM: a filter
		return &handle{pid, -1}, nil
	}
	return nil, fmt.Errorf("it says it is pid %d: %w", pid, os.NewSyscallError("pidfd_open", err))
}

// Signal sends sig to the process.
func (h *handle) Signal(sig unix.Signal) error {
	if h.fd >= 0 {
		if err := unix.PidfdSendSignal(h.fd, sig, nil, 0); err != unix.ENOSYS {
			return err
		}
	}
	return unix.Kill(h.pid, sig)
}

// Close gives the descriptor back; a second call does nothing.
func (h *handle) Close() {
	if h.fd >= 0 {
		unix.Close(h.fd)
	}
	h.fd = -1
}

// isOf tells the process that listened from a later one with the same number: by
// SO_PEERPIDFD (Linux 6.5), which leads to the process itself; before that by its
// user, if another one than root has listened.
func (h *handle) isOf(conn net.Conn, peer peercred.Cred) error {
	ended, known := peerEnded(conn)
	switch {
	case ended:
		return fmt.Errorf("pid %d, which listened, has ended", peer.PID)
	case known || peer.UID == 0:
		return nil
	}
	if uid := peercred.EffectiveUID(h.pid); uid != peer.UID {
		return fmt.Errorf("the kernel says uid %d, and that process is of uid %d", peer.UID, uid)
	}
	return nil
}

// peerEnded reports whether the process that listened has ended; known says that
// the kernel told.
func peerEnded(conn net.Conn) (ended, known bool) {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return false, false
	}
	raw.Control(func(fd uintptr) {
		pidfd, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PEERPIDFD)
		if err != nil {
			ended = err == unix.ESRCH || err == unix.EINVAL // it was reaped
			known = ended
			return
		}
		defer unix.Close(pidfd)
		ended = unix.PidfdSendSignal(pidfd, 0, nil, 0) == unix.ESRCH
		known = true
	})
	return ended, known
}

// vouchedBySocket looks for the processes that have the other end of a TCP
// connection open. Where they cannot be seen, a process of our own user is
// accepted, if that end belongs to our user.
func vouchedBySocket(conn net.Conn, pid int) error {
	inode, uid, err := otherEnd(conn)
	if err != nil {
		return err
	}
	holders := holdersOf("socket:[" + inode + "]")
	switch {
	case slices.Contains(holders, pid):
		return nil
	case len(holders) > 0:
		return fmt.Errorf("the kernel says pid %d", holders[0])
	case uid == os.Geteuid() && uid != 0 && peercred.EffectiveUID(pid) == uid:
		return nil
	}
	return fmt.Errorf("the kernel does not tell which process has the connection, of uid %d", uid)
}

// otherEnd returns inode and owner of the peer's socket, which must be in our
// network namespace. Source: proc_pid_net(5), /proc/net/tcp.
func otherEnd(conn net.Conn) (inode string, uid int, err error) {
	local, remote := addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr())
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line) // sl local remote st queues tr+when retrnsmt uid timeout inode
			if len(f) < 10 || parseAddrPort(f[1]) != local || parseAddrPort(f[2]) != remote {
				continue
			}
			if uid, err = strconv.Atoi(f[7]); err == nil && f[9] != "0" {
				return f[9], uid, nil
			}
		}
	}
	return "", -1, fmt.Errorf("the kernel knows no other end of %s to %s here", remote, local)
}

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := tcp.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
}

// parseAddrPort reads ADDRESS:PORT in hex, the address as words of the machine.
func parseAddrPort(text string) netip.AddrPort {
	address, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(address)
	if err != nil || len(b)%4 != 0 {
		return netip.AddrPort{}
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	ip, ok := netip.AddrFromSlice(b)
	n, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n))
}

// holdersOf returns the processes that have a file open, as far as they can be
// seen.
func holdersOf(name string) (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && slices.Contains(openFilesOf(pid), name) {
			pids = append(pids, pid)
		}
	}
	return pids
}
