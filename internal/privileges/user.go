package privileges

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

// User is an account to run as.
type User struct {
	Name     string
	UID, GID int
	Groups   []int // supplementary, GID among them or not
}

// Lookup reads an account from the system's user database. A name that is
// not there gives user.UnknownUserError.
func Lookup(name string) (User, error) {
	account, err := user.Lookup(name)
	if err != nil {
		return User{}, fmt.Errorf("looking up user %q: %w", name, err)
	}
	u := User{Name: name}
	if u.UID, err = strconv.Atoi(account.Uid); err != nil {
		return User{}, fmt.Errorf("looking up user %q: uid %q, expected a number", name, account.Uid)
	}
	if u.GID, err = strconv.Atoi(account.Gid); err != nil {
		return User{}, fmt.Errorf("looking up user %q: gid %q, expected a number", name, account.Gid)
	}
	groups, err := account.GroupIds()
	if err != nil {
		return User{}, fmt.Errorf("looking up the groups of user %q: %w", name, err)
	}
	for _, group := range groups {
		if gid, err := strconv.Atoi(group); err == nil {
			u.Groups = append(u.Groups, gid)
		}
	}
	return u, nil
}

// ErrRefused says that the system does not let this process change its uid, as
// in a container without the capabilities for it: the uid is what it was.
var ErrRefused = errors.New("the system refuses it")

// Become turns this process, all its threads, into u for good, and on Linux
// gives up every capability and the right to gain any by executing a program.
// It reads back what the kernel made of it. After an error that is not
// [ErrRefused] the process may be half of each and must end.
func Become(u User) error {
	if err := become(u); err != nil {
		return fmt.Errorf("becoming user %s: %w", u.Name, err)
	}
	return nil
}

func become(u User) error {
	// The primary group first: on the BSDs the first of the set is the
	// effective group id.
	groups := append([]int{u.GID}, slices.DeleteFunc(slices.Clone(u.Groups), func(gid int) bool { return gid == u.GID })...)
	if err := syscall.Setgroups(groups); err != nil {
		return fmt.Errorf("%w: setting groups %v: %w", ErrRefused, groups, err)
	}
	if err := syscall.Setgid(u.GID); err != nil {
		return fmt.Errorf("%w: setting gid %d: %w", ErrRefused, u.GID, err)
	}
	if err := syscall.Setuid(u.UID); err != nil {
		return fmt.Errorf("%w: setting uid %d: %w", ErrRefused, u.UID, err)
	}
	if err := DropCapabilities(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := Undumpable(); err != nil {
		return err
	}
	return verify(u, groups)
}

// verify compares what the kernel says with what was asked of it.
func verify(u User, groups []int) error {
	if r, e := os.Getuid(), os.Geteuid(); r != u.UID || e != u.UID {
		return fmt.Errorf("uid is %d, effective %d, expected %d", r, e, u.UID)
	}
	if r, e := os.Getgid(), os.Getegid(); r != u.GID || e != u.GID {
		return fmt.Errorf("gid is %d, effective %d, expected %d", r, e, u.GID)
	}
	got, err := os.Getgroups()
	if err != nil {
		return fmt.Errorf("reading groups: %w", err)
	}
	for _, gid := range got {
		if !slices.Contains(groups, gid) {
			return fmt.Errorf("still in group %d, expected %v", gid, groups)
		}
	}
	if u.UID != 0 && syscall.Setuid(0) == nil {
		return fmt.Errorf("could become root again")
	}
	return nil
}
