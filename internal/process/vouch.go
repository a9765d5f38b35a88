package process

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"prngd/internal/peercred"
)

// vouched returns a handle of process pid if the kernel says that it is the peer
// of conn, and else an error that names both. What a peer says is worth nothing by
// itself: any user can listen on an unprivileged port, or serve in another pid
// namespace, where the number belongs to another process.
func vouched(conn net.Conn, pid int) (*handle, error) {
	h, err := open(pid) // before the checks: the process that they find is the one that is signalled
	if err != nil {
		return nil, err
	}
	if _, isUnix := conn.(*net.UnixConn); isUnix {
		err = vouchedByPeer(conn, h)
	} else {
		err = vouchedBySocket(conn, pid)
	}
	if err != nil {
		h.Close()
		return nil, fmt.Errorf("it says it is pid %d, but %w: not signalled", pid, err)
	}
	return h, nil
}

// vouchedByPeer goes by what the kernel noted when the peer called listen(2).
func vouchedByPeer(conn net.Conn, h *handle) error {
	peer, err := peercred.OfConn(conn)
	switch {
	case err != nil && !errors.Is(err, errors.ErrUnsupported):
		return err
	case peer.PID == -1 && peerHasPID:
		return errors.New("the kernel knows no such process: it is in another pid namespace")
	case peer.PID == -1:
		return trustedUser(peer)
	case peer.PID == h.pid:
		return h.isOf(conn, peer)
	case forkedAfter(peer, h.pid):
		return nil
	}
	return fmt.Errorf("the kernel says pid %d", peer.PID)
}

// trustedUser is for systems that tell no pid: root, and our own user, may name
// one, and nobody else.
func trustedUser(peer peercred.Cred) error {
	if peer.UID != 0 && (peer.UID == -1 || peer.UID != os.Geteuid()) {
		return fmt.Errorf("this system tells no pid, and uid %d cannot be trusted with that", peer.UID)
	}
	return nil
}

// forkedAfter reports whether pid may be that of a daemon which went to the
// background after it had called listen(2), as PRNGD 0.9.29 does: the kernel names
// its parent, which has ended. It must be a process of the same user.
func forkedAfter(peer peercred.Cred, pid int) bool {
	if unix.Kill(peer.PID, 0) != unix.ESRCH {
		return false
	}
	var st unix.Stat_t
	err := unix.Stat(fmt.Sprintf("/proc/%d", pid), &st)
	return err == nil && int(st.Uid) == peer.UID
}
