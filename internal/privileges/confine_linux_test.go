package privileges_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"prngd/internal/privileges"
)

// confined confines itself to the directory in its argument and says what it may
// still do, then what a child of its may.
func confined() {
	dir := os.Args[1]
	fmt.Println("before:", privileges.Read().Writes)
	did, err := privileges.ConfineWrites([]string{dir, dir + "/missing"}, nil)
	if errors.Is(err, errors.ErrUnsupported) {
		fmt.Println("unsupported")
		return
	}
	ok(err)
	fmt.Println("after:", privileges.Read().Writes)
	try := func(what string, err error) { fmt.Println(what+":", errors.Is(err, os.ErrPermission), err == nil) }
	try("make here", os.WriteFile(dir+"/new", []byte("x"), 0o600))
	try("rename here", os.Rename(dir+"/new", dir+"/renamed"))
	try("remove here", os.Remove(dir+"/renamed"))
	try("device null", os.WriteFile(os.DevNull, []byte("x"), 0))
	outside := dir + "/../outside"
	_, err = os.ReadFile(outside)
	try("read outside", err)
	try("write outside", os.WriteFile(outside, []byte("x"), 0o600))
	if strings.HasPrefix(did, "Landlock, version 1:") || strings.HasPrefix(did, "Landlock, version 2:") {
		fmt.Println("truncate outside: true false") // the third is the first to know of it
	} else {
		try("truncate outside", os.Truncate(outside, 0))
	}
	try("remove outside", os.Remove(outside))
	try("make outside", os.WriteFile(dir+"/../new", nil, 0o600))
	try("directory here", os.Mkdir(dir+"/sub", 0o700))
	fmt.Println("child:", exec.Command("/bin/sh", "-c", "echo x >"+outside).Run() != nil)
}

func TestConfineWrites(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/own", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/outside", []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := run("confined", dir+"/own")
	if strings.HasSuffix(stdout, "unsupported\n") {
		t.Skip("this kernel has no Landlock")
	}
	want := strings.TrimLeft(`
before: anywhere
after: confined
make here: false true
rename here: false true
remove here: false true
device null: false true
read outside: false true
write outside: true false
truncate outside: true false
remove outside: true false
make outside: true false
directory here: true false
child: true
`, "\n")
	if status != 0 || stdout != want {
		t.Errorf("status %d, %s\ngot\n%s, expected\n%s", status, stderr, stdout, want)
	}
	if b, err := os.ReadFile(dir + "/outside"); string(b) != "precious" {
		t.Errorf("outside is %q, %v", b, err)
	}
}
