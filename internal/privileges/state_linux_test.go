package privileges_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prngd/internal/privileges"
)

// TestChecks: every difference, and every unknown answer, is one; what is critical
// says so.
func TestChecks(t *testing.T) {
	asked := privileges.Asked{User: &privileges.User{Name: "prngd", UID: 1, GID: 2, Groups: []int{5, 2}}, NoCapabilities: true, Confined: true}
	good := privileges.State{UID: "1", GID: "2", Groups: "2 5", Capabilities: "none", NoNewPrivs: "set", Dumpable: "no", Writes: "confined"}
	for _, p := range asked.Checks(good) {
		if !p.OK() {
			t.Errorf("%+v", p)
		}
	}
	for what, change := range map[string]func(*privileges.State, string){
		"uid":                         func(s *privileges.State, is string) { s.UID = is },
		"gid":                         func(s *privileges.State, is string) { s.GID = is },
		"groups":                      func(s *privileges.State, is string) { s.Groups = is },
		"capabilities":                func(s *privileges.State, is string) { s.Capabilities = is },
		"no_new_privs":                func(s *privileges.State, is string) { s.NoNewPrivs = is },
		"memory readable by its user": func(s *privileges.State, is string) { s.Dumpable = is },
		"writes":                      func(s *privileges.State, is string) { s.Writes = is },
	} {
		for _, is := range []string{"0", "unknown: why", "", "1, other threads 0"} {
			s := good
			change(&s, is)
			var wrong []string
			for _, p := range asked.Checks(s) {
				if !p.OK() {
					wrong = append(wrong, fmt.Sprintf("%s is %s, critical %v", p.What, p.Is, p.Critical))
				}
			}
			want := fmt.Sprintf("%s is %s, critical %v", what, is, what != "writes")
			if got := strings.Join(wrong, "; "); got != want {
				t.Errorf("got %q, expected %q", got, want)
			}
		}
	}
}

// thread is a status file of proc_pid_status(5), with capabilities in one set.
func thread(uid, capSet, noNewPrivs string) string {
	const zero = "0000000000000000"
	return "Name:\tprngd\nUid:\t" + uid + "\nGid:\t2\t2\t2\t2\nGroups:\t5 2 \nNoNewPrivs:\t" + noNewPrivs +
		"\nCapInh:\t" + zero + "\nCapPrm:\t" + capSet + "\nCapEff:\t" + zero + "\nCapBnd:\t000001ffffffffff\nCapAmb:\t" + zero + "\n"
}

// TestReadThreads: one thread that is otherwise is seen.
func TestReadThreads(t *testing.T) {
	good := thread("1\t1\t1\t1", "0000000000000000", "1")
	for _, c := range []struct {
		threads []string
		want    string
	}{
		{[]string{good, good}, "1|2|2 5|none|set"},
		{[]string{good, thread("1\t1\t0\t1", "0000000000000000", "1")}, "1, other threads 1 0 1|2|2 5|none|set"},
		{[]string{good, thread("1\t1\t1\t1", "0000000000000080", "1")}, "1|2|2 5|CapPrm 0000000000000080, other threads none|set"},
		{[]string{thread("1\t1\t1\t1", "0000000000000000", "0"), good}, "1|2|2 5|none|not set, other threads set"},
	} {
		dir := t.TempDir()
		for i, text := range c.threads {
			os.Mkdir(fmt.Sprint(dir, "/", i), 0o700)
			if err := os.WriteFile(fmt.Sprint(dir, "/", i, "/status"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := privileges.ReadThreads(dir)
		if got := strings.Join([]string{s.UID, s.GID, s.Groups, s.Capabilities, s.NoNewPrivs}, "|"); got != c.want {
			t.Errorf("got %s, expected %s", got, c.want)
		}
	}
}

// What /proc does not have is asked of one thread, in the same words: NoNewPrivs on
// gVisor and before Linux 4.10, all of it where there is no /proc.
func TestReadWithoutProc(t *testing.T) {
	want := privileges.ReadThreads("/proc/self/task")
	without := t.TempDir()
	bare := filepath.Join(t.TempDir(), "1")
	if err := os.Mkdir(bare, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bare, "status"), []byte("Name:\tprngd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{without, filepath.Dir(bare)} {
		got, want := privileges.ReadThreads(dir), want
		got.Capabilities, want.Capabilities = "", "" // these are in other words, unless there are none
		if got != want {
			t.Errorf("%s: got %+v, expected %+v", dir, got, want)
		}
	}
}
