package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
)

// build is what is compiled for a system.
type build struct {
	files     map[string]bool          // of this module
	functions map[string]*ast.FuncDecl // by import path, a dot and the name; a method goes by its own name
}

// load asks go list which files a build without cgo takes, of what the daemon
// is made of, and parses them.
func load(goos, goarch string) (build, error) {
	b := build{map[string]bool{}, map[string]*ast.FuncDecl{}}
	cmd := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{$p := .}}{{range .GoFiles}}{{$p.ImportPath}}/{{.}} {{$p.Dir}}{{"\n"}}{{end}}{{end}}`, ".")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return b, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		file, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		if err := b.parse(path.Dir(file), dir+"/"+path.Base(file), nil); err != nil {
			return b, err
		}
		b.files[strings.TrimPrefix(file, "prngd/")] = true
	}
	return b, nil
}

// parse notes the functions of a file, whose text is source unless that is nil.
func (b build) parse(pkg, file string, source any) error {
	f, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			b.functions[pkg+"."+fn.Name.Name] = fn
		}
	}
	return nil
}

// call is a function's package or variable, "" for neither, and its name.
type call struct{ of, name string }

// calls lists what code calls.
func calls(code ast.Node) (found []call) {
	ast.Inspect(code, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := c.Fun.(type) {
		case *ast.Ident:
			found = append(found, call{"", f.Name})
		case *ast.SelectorExpr:
			if x, ok := f.X.(*ast.Ident); ok {
				found = append(found, call{x.Name, f.Sel.Name})
			}
		}
		return true
	})
	return found
}

const library = "github.com/shirou/gopsutil/v3/"

// gathers says whether this build has a gatherer of System: not where all that it
// asks the library for is not implemented. Those of the table that name no function
// of a family behind their own name, as kernel, ask no library.
func (b build) gathers(name string) bool {
	family := ""
	ast.Inspect(b.functions["prngd/gatherers.System"], func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && len(c.Args) == 2 {
			text, isText := c.Args[0].(*ast.BasicLit)
			sample, isName := c.Args[1].(*ast.Ident)
			if isText && isName && text.Value == strconv.Quote(name) {
				family = sample.Name
			}
		}
		return true
	})
	return family == "" || b.family(family)
}

// family tells whether the library implements anything that a function of
// gatherers calls there, also by way of others in that package.
func (b build) family(name string) bool {
	return slices.ContainsFunc(calls(b.functions["prngd/gatherers."+name]), func(c call) bool {
		switch c.of {
		case "":
			return b.functions["prngd/gatherers."+c.name] != nil && b.family(c.name)
		case "p": // a *process.Process
			return !b.stub(library+"process", c.name)
		}
		return !b.stub(library+c.of, c.name)
	})
}

// stub tells whether a function of the library begins by saying that it is not
// implemented, or by asking one that does.
func (b build) stub(pkg, name string) bool {
	fn := b.functions[pkg+"."+name]
	if fn == nil || len(fn.Body.List) == 0 {
		return true
	}
	first, refuses := fn.Body.List[0], false
	ast.Inspect(first, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		refuses = refuses || ok && id.Name == "ErrNotImplementedError"
		return true
	})
	switch first.(type) {
	case *ast.ReturnStmt, *ast.AssignStmt:
		asked := calls(first)
		return refuses || len(asked) == 1 && asked[0].of == "" && b.functions[pkg+"."+asked[0].name] != nil && b.stub(pkg, asked[0].name)
	}
	return refuses
}
