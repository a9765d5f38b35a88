package privileges_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"prngd/internal/change"
	"prngd/internal/privileges"
)

// TestLookupA13: names and numbers work, with and without an entry, and what does
// not exist is told from what could not be found out.
func TestLookupA13(t *testing.T) {
	for _, c := range []struct {
		name     string
		uid, gid int
		err      error
	}{
		{"root", 0, 0, nil},
		{"0", 0, 0, nil},
		{"1234567", 1234567, 1234567, nil},
		{"2147483646", 2147483646, 2147483646, nil},
		{"4294967295", 0, 0, privileges.ErrNoUser}, // -1
		{"99999999999", 0, 0, privileges.ErrNoUser},
		{"-1", 0, 0, privileges.ErrNoUser},
		{"no-such-user-here", 0, 0, privileges.ErrNoUser},
		{"", 0, 0, privileges.ErrNoUser},
	} {
		u, err := privileges.Lookup(c.name)
		if !errors.Is(err, c.err) || change.IsLater(err) {
			t.Errorf("%q: %v, expected %v", c.name, err, c.err)
		}
		if err == nil && (u.UID != c.uid || u.GID != c.gid || u.Name != c.name) {
			t.Errorf("%q: %+v, expected uid %d, gid %d", c.name, u, c.uid, c.gid)
		}
	}
}

// A number with an entry has that entry's group and groups.
func TestLookupNumberOfAName(t *testing.T) {
	named, err := privileges.Lookup("daemon")
	if err != nil {
		t.Skip(err)
	}
	numbered, err := privileges.Lookup(fmt.Sprint(named.UID))
	numbered.Name = named.Name
	if fmt.Sprint(numbered) != fmt.Sprint(named) || err != nil {
		t.Errorf("%+v, %v, expected %+v", numbered, err, named)
	}
}

func TestBecomeWithoutTheRight(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may")
	}
	err := privileges.Become(privileges.User{Name: "other", UID: os.Getuid() + 1, GID: os.Getgid()})
	if !errors.Is(err, privileges.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
