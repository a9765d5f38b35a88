package change_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"prngd/internal/change"
)

func TestExitStatus(t *testing.T) {
	never := errors.New("never")
	later := change.Later(errors.New("later"))
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{never, 78},
		{later, 75},
		{fmt.Errorf("wrapped: %w", later), 75},
		{errors.Join(later, later), 75},
		{errors.Join(later, never), 78},
		{change.Later(errors.Join(never, never)), 75},
		{change.Later(nil), 0},
		{change.LaterIf(fmt.Errorf("wrapped: %w", never), errors.ErrUnsupported, never), 75},
		{change.LaterIf(never, errors.ErrUnsupported), 78},
		{change.LaterIf(nil, never), 0},
	} {
		if got := change.ExitStatus(c.err); got != c.want {
			t.Errorf("%v: exit %d, expected %d", c.err, got, c.want)
		}
	}
}

type recorder struct {
	name string
	log  *[]string
	err  error
}

func (r recorder) Commit() error { *r.log = append(*r.log, "commit "+r.name); return r.err }
func (r recorder) Rollback()     { *r.log = append(*r.log, "rollback "+r.name) }

func TestAll(t *testing.T) {
	var log []string
	broken := errors.New("broken")
	all := change.All{recorder{"a", &log, broken}, recorder{"b", &log, nil}}
	if err := all.Commit(); !errors.Is(err, broken) {
		t.Errorf("commit: %v, expected %v", err, broken)
	}
	all.Rollback()
	want := []string{"commit a", "commit b", "rollback b", "rollback a"}
	if !slices.Equal(log, want) {
		t.Errorf("got %q, expected %q", log, want)
	}
}
