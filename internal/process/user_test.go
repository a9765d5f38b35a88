package process_test

import (
	"errors"
	"os"
	"os/user"
	"strings"
	"testing"

	"prngd/internal/process"
)

func TestBecomeWithoutTheRight(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may")
	}
	err := process.Become(process.User{Name: "other", UID: os.Getuid() + 1, GID: os.Getgid()})
	if !errors.Is(err, process.ErrRefused) || !strings.Contains(err.Error(), "becoming user other: ") {
		t.Errorf("got %v", err)
	}
}

func TestLookupUser(t *testing.T) {
	root, err := process.LookupUser("root")
	if err != nil || root.UID != 0 || root.GID != 0 || root.Name != "root" {
		t.Errorf("got %+v, %v", root, err)
	}
	_, err = process.LookupUser("no-such-user-here")
	if _, unknown := errors.AsType[user.UnknownUserError](err); !unknown {
		t.Errorf("got %v, expected an unknown user", err)
	}
}
