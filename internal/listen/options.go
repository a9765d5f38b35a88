package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/change"
)

// Options is what one listen line asks for.
type Options struct {
	Address   egdproto.Address `json:"address"`
	Mode      fs.FileMode      `json:"mode"`            // Unix: the permission bits, all of them: 0 lets only root in
	GID       int              `json:"gid"`             // Unix: the group; -1: the one that the system gives
	Allow     []netip.Prefix   `json:"allow,omitempty"` // TCP: the peers let in; none: this host alone
	Where     string           `json:"where,omitempty"` // the line, as in "/etc/prngd.conf:12", for errors; empty: none
	Directory *Directory       `json:"directory,omitempty"`
	// Default gives way to sockets that a supervisor passed: nobody asked for it.
	Default bool `json:"default,omitempty"`
}

// Directory is what is done about the directory of a Unix socket. Without one,
// root makes a missing directory with mode 0755 and others make none.
type Directory struct {
	Mode fs.FileMode `json:"mode"` // a missing directory is made with it
	UID  int         `json:"uid"`  // and given to this user; -1: to nobody else
	GID  int         `json:"gid"`  // and to this group; -1: to no other
	// Private refuses a directory of another user, and one that others can write to.
	Private bool `json:"private,omitempty"`
}

// ErrInUse is the error of an address at which another process listens.
var ErrInUse = errors.New("already used by another process")

// errorAt says for which line an error is, and marks it with [change.Later] if
// the same line may work later.
func (o *Options) errorAt(err error) error {
	if err == nil {
		return nil
	}
	err = temporary(fmt.Errorf("listening on %s: %w", o.Address, err))
	if o.Where != "" {
		err = fmt.Errorf("%s: %w", o.Where, err)
	}
	return err
}

// temporary marks errors that go away without a change of configuration: an
// address or a name that is not there yet, and a system that is short of
// something. Permissions and missing directories are not among them.
func temporary(err error) error {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return change.Later(err)
	}
	return change.LaterIf(err,
		unix.EADDRNOTAVAIL, unix.ENETDOWN, unix.ENETUNREACH, unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM,
		unix.ENOSPC, unix.EDQUOT, unix.EAGAIN, unix.EINTR, unix.EIO, unix.ESTALE, context.DeadlineExceeded, context.Canceled)
}
