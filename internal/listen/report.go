package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"prngd/internal/control"
)

// Status is one listening address.
type Status struct {
	Address string // bound, or asked for if there is no socket
	Missing bool   // its path no longer leads to our socket
	Error   string // why it is not as asked for, or why no connection can be accepted
	Check   control.Check
}

// Report reads back what the sockets are.
func (s *Set) Report() (list []Status) {
	for _, sl := range s.current() {
		if len(sl.sockets) == 0 {
			list = append(list, sl.status(nil, s.sys))
		}
		for _, l := range sl.sockets {
			list = append(list, sl.status(l, s.sys))
		}
	}
	return list
}

// Checks returns the checks of all sockets, and one that tells whether there is
// any.
func (s *Set) Checks() (checks []control.Check) {
	serving := 0
	for _, st := range s.Report() {
		if st.Check.Is != closedToUs {
			checks = append(checks, st.Check)
		}
		if st.Check.Is != absentSocket && !st.Missing {
			serving++
		}
	}
	if s.config.Critical {
		checks = append(checks, control.Check{What: "listening", Asked: "yes", Is: yesNo(serving > 0), Critical: true})
	}
	return checks
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

const (
	absentSocket = "not open" // what a socket is that could not be opened
	// closedToUs is what one is whose directory root made for others than the user
	// that the daemon has become: nothing can be read back, and nothing is wrong.
	closedToUs = "in a directory closed to us"
)

func (sl *slot) status(l *Listener, sys *system) Status {
	st := Status{Address: sl.options.Address.String()}
	if sl.err != nil {
		st.Error = sl.err.Error()
	}
	if l == nil {
		st.Check = control.Check{What: "socket " + st.Address, Asked: "open", Is: absentSocket}
		return st
	}
	st.Address, st.Missing = l.Address().String(), l.Missing()
	if err := l.AcceptError(); err != nil && st.Error == "" {
		st.Error = fmt.Sprintf("accepting connections: %v", err)
	}
	st.Check = l.check(sl, sys)
	return st
}

// check compares a socket with its line. Of a supervisor's only the path counts.
func (l *Listener) check(sl *slot, sys *system) control.Check {
	a := l.Address()
	c := control.Check{What: "socket " + a.String(), Asked: "ours"}
	if !hasPath(a) {
		c.Is = c.Asked
		return c
	}
	info, err := sys.lstat(a.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Is = "removed"
	case errors.Is(err, fs.ErrPermission):
		c.Is = closedToUs
	case err != nil:
		c.Is = fmt.Sprintf("unknown: %v", err)
	case identityOf(info) != l.opened.file:
		c.Is = "replaced by another"
	case sl.supervised:
		c.Is = c.Asked
	default:
		c.Asked, c.Is = l.attributes(&sl.options, info)
	}
	return c
}

// attributes returns owner, group and mode as asked for and as they are.
func (l *Listener) attributes(o *Options, info fs.FileInfo) (asked, is string) {
	uid, gid := ownerOf(info)
	asked, is = "uid "+strconv.Itoa(l.opened.uid), "uid "+strconv.Itoa(uid)
	if o.GID >= 0 {
		asked, is = asked+fmt.Sprintf(" group %d", o.GID), is+fmt.Sprintf(" group %d", gid)
	}
	return asked + fmt.Sprintf(" mode %#04o", o.Mode.Perm()), is + fmt.Sprintf(" mode %#04o", info.Mode().Perm())
}
