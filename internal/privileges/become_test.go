package privileges

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// kernel is a system whose calls fail or lie, by name.
type kernel struct {
	uid, gid   int
	groups     []int
	fail, lie  string
	mayBecome0 bool
}

func (k *kernel) step(name string, do func()) error {
	switch name {
	case k.fail:
		return syscall.EPERM
	case k.lie:
		return nil
	}
	do()
	return nil
}

func (k *kernel) calls() calls {
	return calls{
		setgroups: func(groups []int) error { return k.step("setgroups", func() { k.groups = groups }) },
		setgid:    func(gid int) error { return k.step("setgid", func() { k.gid = gid }) },
		setuid: func(uid int) error {
			if k.uid != 0 && !k.mayBecome0 {
				return syscall.EPERM
			}
			return k.step("setuid", func() { k.uid = uid })
		},
		getgroups: func() ([]int, error) {
			if k.fail == "getgroups" {
				return nil, syscall.EIO
			}
			return k.groups, nil
		},
		ids: func() (int, int, int, int) { return k.uid, k.uid, k.gid, k.gid },
	}
}

// TestBecomeSteps makes each step fail, and each one lie: nothing but the user who
// was asked for passes.
func TestBecomeSteps(t *testing.T) {
	for _, c := range []struct {
		kernel  kernel
		refused bool
		want    string
	}{
		{kernel{}, false, ""},
		{kernel{fail: "setgroups"}, true, "setting groups [60 5 7]: operation not permitted"},
		{kernel{fail: "setgid"}, true, "setting gid 60"},
		{kernel{fail: "setuid"}, true, "setting uid 5"},
		{kernel{fail: "getgroups"}, false, "reading groups"},
		{kernel{lie: "setgroups"}, false, "still in group 0"},
		{kernel{lie: "setgid"}, false, "gid is 0"},
		{kernel{lie: "setuid"}, false, "uid is 0, effective 0, expected 5"},
		{kernel{mayBecome0: true}, false, "could become root again"},
	} {
		k := c.kernel
		k.groups = []int{0, 27}
		err := k.calls().become(User{Name: "games", UID: 5, GID: 60, Groups: []int{5, 60, 7}})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrRefused) != c.refused {
			t.Errorf("%+v: %v, expected %q, refused %v", c.kernel, err, c.want, c.refused)
		}
		if err == nil && !slices.Equal(k.groups, []int{60, 5, 7}) {
			t.Errorf("groups %v", k.groups)
		}
	}
}

func TestBecomeWithoutTheRight(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may")
	}
	err := Become(User{Name: "other", UID: os.Getuid() + 1, GID: os.Getgid()})
	if !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}
