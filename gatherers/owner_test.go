package gatherers_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"prngd/gatherers"
)

const somebody = 12345 // a uid that is nobody's here

// G25: what another user has made counts only where that user alone, root or the daemon
// can have put it.
func TestOtherUsers(t *testing.T) {
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(open, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		path  string
		owner int
		want  bool
	}{
		{filepath.Join(open, "x"), 0, true},
		{filepath.Join(open, "x"), os.Geteuid(), true},
		{filepath.Join(open, "x"), somebody, false},
		{filepath.Join(open, "x"), -1, false},
		{filepath.Join(open, "missing"), somebody, false},
		{"/etc/passwd", somebody, true},
		{"/etc/passwd", -1, true},
	} {
		var why gatherers.Uncredited
		if err := gatherers.OtherUsers(row.path, row.owner); (err == nil) != row.want || err != nil && !errors.As(err, &why) {
			t.Errorf("%s of uid %d: %v", row.path, row.owner, err)
		}
	}
}
