package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"

	"prngd/internal/change"
)

// accounts looks up the users. Those that only root can become are of no use to
// others, but a name that was written must be right.
func (r *resolver) accounts() {
	r.s.User = r.account("user", r.c.User)
	r.s.CommandUser = r.account("command-user", r.c.CommandUser)
	if r.s.CommandUser.Missing {
		nobody := r.account("command-user", Name{Name: "nobody"})
		if !nobody.Missing {
			r.s.CommandUser = nobody
		}
	}
	if u := r.s.CommandUser; u.Written() && u.UID == 0 {
		r.fail(u.Where, "command-user", fmt.Errorf("%s is root, expected a user who may not do everything", u.Name))
	}
}

func (r *resolver) account(directive string, n Name) Account {
	missing := Account{Name: n.Name, UID: -1, GID: -1, Missing: true, Where: orDefault(n.Where)}
	if n.Where == "" && r.env.Owner != 0 {
		return missing
	}
	a, err := r.lookUpUser(n.Name)
	switch {
	case err == nil:
		a.Name, a.Where = n.Name, missing.Where
		return a
	case n.Where == "" && isUnknown(err):
		return missing
	case isUnknown(err):
		err = fmt.Errorf("found %q, which is no user here, expected the name or number of one", n.Name)
	default:
		err = change.Later(fmt.Errorf("looking up %q: %w", n.Name, err))
	}
	r.fail(missing.Where, directive, err)
	return missing
}

// lookUpUser takes a name or a number. A number needs no entry in the user
// database: its group is the one of the same number then.
func (r *resolver) lookUpUser(name string) (Account, error) {
	a, err := r.env.LookupUser(name)
	uid := 0
	if err == nil || !isUnknown(err) || number(&uid)(name) != nil {
		return a, err
	}
	if a, err = r.env.LookupUserID(uid); isUnknown(err) {
		return Account{UID: uid, GID: uid}, nil
	}
	return a, err
}

// group returns the gid of a socket's group; -1 for "".
func (r *resolver) group(directive, where, name string) int {
	if name == "" {
		return -1
	}
	gid, err := r.env.LookupGroup(name)
	switch {
	case err == nil:
		return gid
	case isUnknown(err) && number(&gid)(name) == nil:
		return gid
	case isUnknown(err):
		err = fmt.Errorf("group=%s: found no such group here, expected the name or number of one", name)
	default:
		err = change.Later(fmt.Errorf("group=%s: %w", name, err))
	}
	r.fail(where, directive, err)
	return -1
}

// isUnknown reports whether the answer is that there is no such user or group.
// A system without a user database, as some containers are, has none.
func isUnknown(err error) bool {
	var name user.UnknownUserError
	var id user.UnknownUserIdError
	var group user.UnknownGroupError
	return errors.As(err, &name) || errors.As(err, &id) || errors.As(err, &group) || errors.Is(err, fs.ErrNotExist)
}
