// Package privileges gives up what serving does not need: root's user id,
// capabilities, writing elsewhere, and memory that others can read. It reads back
// what the kernel made of it.
package privileges

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// User is an account to run as.
type User struct {
	Name     string // or its number, where it has no name
	UID, GID int
	Groups   []int // supplementary, GID among them or not
}

// ErrRefused says that the system does not let this process change its uid, as
// in a container without the capabilities for it: the uid is what it was.
var ErrRefused = errors.New("the system refuses it")

// Become turns this process, all its threads, into u for good, and reads back what
// the kernel made of it. After an error that is not [ErrRefused] the process may
// be half of each and must end. Capabilities, no_new_privs and memory are not its
// business: [DropCapabilities], [Undumpable] (which a change of uid undoes) and
// [Read] follow it.
func Become(u User) error {
	if err := system.become(u); err != nil {
		return fmt.Errorf("becoming user %s: %w", u.Name, err)
	}
	return nil
}

// calls are the system calls of Become. A test makes each of them fail or lie.
type calls struct {
	setgroups      func([]int) error
	setgid, setuid func(int) error
	getgroups      func() ([]int, error)
	ids            func() (uid, euid, gid, egid int)
}

var system = calls{
	syscall.Setgroups, syscall.Setgid, syscall.Setuid, os.Getgroups,
	func() (uid, euid, gid, egid int) { return os.Getuid(), os.Geteuid(), os.Getgid(), os.Getegid() },
}

func (c calls) become(u User) error {
	groups := groupsOf(u)
	if err := c.setgroups(groups); err != nil {
		return fmt.Errorf("%w: setting groups %v: %w", ErrRefused, groups, err)
	}
	if err := c.setgid(u.GID); err != nil {
		return fmt.Errorf("%w: setting gid %d: %w", ErrRefused, u.GID, err)
	}
	if err := c.setuid(u.UID); err != nil {
		return fmt.Errorf("%w: setting uid %d: %w", ErrRefused, u.UID, err)
	}
	return c.verify(u, groups)
}

// groupsOf returns the groups of u, the primary one first: on the BSDs the first
// of the set is the effective group id.
func groupsOf(u User) []int {
	return append([]int{u.GID}, slices.DeleteFunc(slices.Clone(u.Groups), func(gid int) bool { return gid == u.GID })...)
}

// verify compares what the kernel says with what was asked of it.
func (c calls) verify(u User, groups []int) error {
	uid, euid, gid, egid := c.ids()
	if uid != u.UID || euid != u.UID {
		return fmt.Errorf("uid is %d, effective %d, expected %d", uid, euid, u.UID)
	}
	if gid != u.GID || egid != u.GID {
		return fmt.Errorf("gid is %d, effective %d, expected %d", gid, egid, u.GID)
	}
	got, err := c.getgroups()
	if err != nil {
		return fmt.Errorf("reading groups: %w", err)
	}
	for _, gid := range got {
		if !slices.Contains(groups, gid) {
			return fmt.Errorf("still in group %d, expected %v", gid, groups)
		}
	}
	if u.UID != 0 && c.setuid(0) == nil {
		return errors.New("could become root again")
	}
	return nil
}
