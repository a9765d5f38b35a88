//go:build amd64 || arm64

package seedfile_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documented returns the system calls that stand in the doc comment of a function
// of this package: one string for each block of them.
func documented(t *testing.T, name string) []string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && fullName(f) == name {
				return blocks(f.Doc.Text())
			}
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

func fullName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	star, _ := f.Recv.List[0].Type.(*ast.StarExpr)
	if star == nil {
		return ""
	}
	return star.X.(*ast.Ident).Name + "." + f.Name.Name
}

func blocks(doc string) (all []string) {
	in := false
	for line := range strings.Lines(doc) {
		call, ok := strings.CutPrefix(line, "\t")
		switch {
		case ok && in:
			all[len(all)-1] += call
		case ok:
			all = append(all, call)
		}
		in = ok
	}
	return all
}

var (
	descriptor = regexp.MustCompile(`\d+<[^>]*?([^/>]+)>(\(deleted\))?`)
	buffer     = regexp.MustCompile(`"(\\.|[^"\\])*"(\.\.\.)?, (\d+)`)
	failure    = regexp.MustCompile(`= -1 (E\w+).*`)
	blanks     = regexp.MustCompile(`\) += `)
)

// underStrace runs a task, which keeps to one thread, and returns its system calls
// on the files of a directory, with descriptors and buffers replaced by what they
// stand for. inject are further options that make some of the calls fail.
func underStrace(t *testing.T, dir string, inject []string, task string, env ...string) (calls, stdout string) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	output := t.TempDir() + "/thread"
	cmd := child(t, task, env...)
	args := []string{"strace", "-ff", "-qq", "-y", "-e", "signal=none", "-o", output, "-e",
		"trace=openat,pread64,write,pwrite64,ftruncate,fsync,flock,renameat,unlinkat,close"}
	cmd.Args = slices.Concat(args, inject, cmd.Args)
	cmd.Path, cmd.Stderr = strace, os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	threads, err := filepath.Glob(output + ".*")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		for line := range strings.Lines(string(read(t, thread))) {
			if strings.Contains(line, dir+"/") || strings.Contains(line, dir+">") || strings.Contains(line, dir+`"`) {
				calls += normal(dir, line)
			}
		}
	}
	return calls, string(b)
}

func inject(what string) []string { return []string{"-e", "inject=" + what} }

func normal(dir, line string) string {
	line = regexp.MustCompile(`AT_FDCWD(<[^>]*>)?, "[^"]*"`).ReplaceAllString(line, `AT_FDCWD, "/var/lib/prngd"`)
	line = strings.ReplaceAll(line, "<"+dir+">", "</dir>")
	line = descriptor.ReplaceAllString(line, "<$1>")
	line = buffer.ReplaceAllString(line, "..., $3")
	line = failure.ReplaceAllString(line, "= -1 $1")
	return blanks.ReplaceAllString(line, ") = ")
}

// The system calls above the functions are those they make.
func TestDocumentedCalls(t *testing.T) {
	open, load, end := documented(t, "Open")[0], documented(t, "File.Load")[0], documented(t, "File.Close")[0]
	rename, settle := documented(t, "File.rename")[0], documented(t, "File.settle")[0]
	inPlace := documented(t, "File.overwrite")
	denied := `openat(<dir>, ".seed.new", O_RDWR|O_CREAT|O_EXCL|O_NOCTTY|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC, 0600) = -1 EACCES` + "\n"
	first := strings.Replace(inPlace[0], "512, 512)", "512, 0)", 1)
	unsynced := strings.Replace(rename, "fsync(<dir>) = 0\n", settle, 1)
	for _, c := range []struct {
		name    string
		inPlace bool
		inject  []string
		want    string
	}{
		{"rename", false, nil, open + load + rename + rename + rename + end},
		{"in place", true, nil, open + load + denied + inPlace[1] + denied + inPlace[0] + denied + first + end},
		{"directory not synced", false, inject("fsync:error=EIO:when=2"), open + load + unsynced + rename + rename + end},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &matrix{situation: situation{inPlace: c.inPlace}, root: fastDir(t), user: tester()}
			dir := m.place(t, files{"seed": string(seedBytes(t, t.TempDir(), false))})
			ledger := dir + ".ledger"
			write(t, ledger, nil, 0o600)
			got, _ := underStrace(t, dir, c.inject, "life", "SEED="+dir+"/seed", "LEDGER="+ledger,
				"LABEL=strace", fmt.Sprint("RUN_AS=", m.user))
			if got != c.want {
				t.Errorf("calls are\n%s\nbut documented\n%s", got, c.want)
			}
			if !strings.HasPrefix(string(read(t, ledger)), "credited ") {
				t.Error("not credited")
			}
		})
	}
}

func TestDocumentedStir(t *testing.T) {
	dir := fastDir(t)
	write(t, dir+"/prng_exch", make([]byte, 1024), 0o600)
	got, _ := underStrace(t, dir, nil, "stir", "EXCHANGE="+dir+"/prng_exch", "STIRS=1", "LABEL=strace")
	want := documented(t, "OpenExchange")[0] + documented(t, "Exchange.Stir")[0] + "close(<prng_exch>) = 0\n"
	if got != want {
		t.Errorf("calls are\n%s\nbut documented\n%s", got, want)
	}
}

// A write that fails half way is repeated with the same bytes under the same lock.
func TestStirRepeatsWrite(t *testing.T) {
	dir := fastDir(t)
	path := dir + "/prng_exch"
	write(t, path, noise("theirs", 6), 0o600)
	got, _ := underStrace(t, dir, inject("pwrite64:error=ENOSPC:when=1..2"), "stir", "EXCHANGE="+path, "STIRS=1", "LABEL=strace")
	const failed = "pwrite64(<prng_exch>, ..., 1024, 0) = -1 ENOSPC\n"
	if !strings.Contains(got, failed+failed+"pwrite64(<prng_exch>, ..., 1024, 0) = 1024\nflock(<prng_exch>, LOCK_UN) = 0\n") {
		t.Errorf("calls are\n%s", got)
	}
	if string(read(t, path)) != string(left("strace", 0, noise("theirs", 6))) {
		t.Error("what was written is not what was to be")
	}
}
