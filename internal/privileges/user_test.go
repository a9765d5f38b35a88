package privileges_test

import (
	"errors"
	"os"
	"os/user"
	"strings"
	"testing"

	"prngd/internal/privileges"
)

func TestBecomeWithoutTheRight(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may")
	}
	err := privileges.Become(privileges.User{Name: "other", UID: os.Getuid() + 1, GID: os.Getgid()})
	if !errors.Is(err, privileges.ErrRefused) || !strings.Contains(err.Error(), "becoming user other: ") {
		t.Errorf("got %v", err)
	}
}

func TestLookup(t *testing.T) {
	root, err := privileges.Lookup("root")
	if err != nil || root.UID != 0 || root.GID != 0 || root.Name != "root" {
		t.Errorf("got %+v, %v", root, err)
	}
	_, err = privileges.Lookup("no-such-user-here")
	if _, unknown := errors.AsType[user.UnknownUserError](err); !unknown {
		t.Errorf("got %v, expected an unknown user", err)
	}
}
