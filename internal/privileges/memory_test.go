package privileges_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
)

// undumpable says what its limit is afterwards.
func undumpable() {
	var core unix.Rlimit
	ok(privileges.Undumpable())
	ok(unix.Getrlimit(unix.RLIMIT_CORE, &core))
	fmt.Println("core", core.Cur, core.Max)
}

func TestUndumpable(t *testing.T) {
	const want = "core 0 0\n"
	if stdout, stderr, _ := run("undumpable"); stdout != want {
		t.Errorf("got %q, %q, expected %q", stdout, stderr, want)
	}
}
