package privileges

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os/user"
	"strconv"

	"prngd/internal/change"
)

// User is an account to run as.
type User struct {
	Name     string // or its number, where it has no name
	UID, GID int
	Groups   []int // supplementary, GID among them or not
}

// ErrNoUser says that the system has no user of that name. Every other error of
// [Lookup] is marked by [change.Later]: the user database did not answer.
var ErrNoUser = errors.New("no such user")

// maxID is the highest user id: 4294967295 is -1, which stands for none. Where an
// int has 32 bits, it is the highest that syscall can name.
const maxID = min(1<<32-2, math.MaxInt)

// Lookup reads an account from the system's user database, by its name or its
// number. A number needs no entry there: its group is the same number then.
func Lookup(nameOrNumber string) (User, error) {
	u, err := lookup(nameOrNumber)
	if err != nil {
		return User{}, fmt.Errorf("looking up user %q: %w", nameOrNumber, err)
	}
	return u, nil
}

func lookup(name string) (User, error) {
	number, notNumber := strconv.ParseUint(name, 10, 32)
	isNumber := notNumber == nil && number <= maxID
	account, err := user.Lookup(name)
	if err != nil && isNumber {
		account, err = user.LookupId(strconv.FormatUint(number, 10))
	}
	switch {
	case err == nil:
		return fromAccount(name, account)
	case isNumber:
		return User{Name: name, UID: int(number), GID: int(number)}, nil
	case isUnknown(err):
		return User{}, ErrNoUser
	}
	return User{}, change.Later(err)
}

// isUnknown tells a name that is not there from a database that did not answer. A
// system without one has no names.
func isUnknown(err error) bool {
	_, unknown := errors.AsType[user.UnknownUserError](err)
	return unknown || errors.Is(err, fs.ErrNotExist)
}

func fromAccount(name string, account *user.User) (u User, err error) {
	u.Name = name
	if u.UID, err = strconv.Atoi(account.Uid); err != nil {
		return User{}, fmt.Errorf("uid %q, expected a number", account.Uid)
	}
	if u.GID, err = strconv.Atoi(account.Gid); err != nil {
		return User{}, fmt.Errorf("gid %q, expected a number", account.Gid)
	}
	groups, err := account.GroupIds()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return User{}, change.Later(fmt.Errorf("its groups: %w", err))
	}
	for _, group := range groups {
		if gid, err := strconv.Atoi(group); err == nil {
			u.Groups = append(u.Groups, gid)
		}
	}
	return u, nil
}
