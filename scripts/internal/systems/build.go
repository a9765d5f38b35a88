package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
)

// build is what is compiled for a system: of each package its files and
// functions. A method goes by its own name.
type build map[string]compiled // by import path

type compiled struct {
	files     map[string]*ast.File // by base name
	functions map[string]function
}

type function struct {
	*ast.FuncDecl
	imports map[string]string // of its file: name to import path
}

// load asks go list which files a build without cgo takes, of what the daemon
// is made of, and parses them.
func load(goos, goarch string) (build, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Standard", ".")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b := build{}
	for list := json.NewDecoder(out); list.More(); {
		var p struct {
			ImportPath, Dir string
			GoFiles         []string
			Standard        bool
		}
		if err := list.Decode(&p); err != nil {
			return nil, fmt.Errorf("reading what go list says: %w", err)
		}
		if p.Standard {
			continue
		}
		if b[p.ImportPath], err = parsePackage(p.Dir, p.GoFiles); err != nil {
			return nil, err
		}
	}
	return b, cmd.Wait()
}

func parsePackage(dir string, names []string) (compiled, error) {
	c := compiled{files: map[string]*ast.File{}, functions: map[string]function{}}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return c, err
		}
		c.files[name] = f
		imports := importsOf(f)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				c.functions[fn.Name.Name] = function{fn, imports}
			}
		}
	}
	return c, nil
}

// has tells whether a file is compiled; an unknown one is a mistake in here.
func (b build) has(pkg, file string) bool { return b["prngd/"+pkg].files[file] != nil }

// calls lists what code calls: package or variable, "" for neither, and name.
func calls(code ast.Node) (found [][2]string) {
	ast.Inspect(code, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.Ident:
			found = append(found, [2]string{"", f.Name})
		case *ast.SelectorExpr:
			if x, ok := f.X.(*ast.Ident); ok {
				found = append(found, [2]string{x.Name, f.Sel.Name})
			}
		}
		return true
	})
	return found
}
