package main

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"

	"prngd/gatherers"
)

const library = "github.com/shirou/gopsutil/v3/"

// importsOf maps the names that a file's imports have in it to their paths.
func importsOf(f *ast.File) map[string]string {
	imports := map[string]string{}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has refused it before
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = p
	}
	return imports
}

// gatherers returns the gatherers of System, and of each whether this build has one:
// false where all that it asks the library for is not implemented.
func (b build) gatherers() (names []string, exists map[string]bool) {
	exists = map[string]bool{}
	for _, g := range gatherers.System() {
		names = append(names, g.Name)
	}
	system := b["prngd/gatherers"].functions["System"]
	for _, name := range names {
		gather := gatherFunction(system, name)
		// What is made without one, as kernel is, asks no library.
		exists[name] = gather == "" || b.family(gather)
	}
	return names, exists
}

// gatherFunction finds the function that System names last for a gatherer, in its
// literal or in the call that makes it: that of a family; "" for what is made by a
// call without one.
func gatherFunction(system function, name string) (gather string) {
	ast.Inspect(system.FuncDecl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if !hasName(n, name) {
				return true
			}
			gather = lastName(n.Elts[len(n.Elts)-1].(*ast.KeyValueExpr).Value)
			return false
		case *ast.CallExpr:
			if len(n.Args) < 2 || !isText(n.Args[0], name) {
				return true
			}
			gather = lastName(n)
			return false
		}
		return true
	})
	return gather
}

// lastName is the name that an expression ends with: its own, or that of the last
// argument of a call.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.CallExpr:
		if len(e.Args) > 0 {
			return lastName(e.Args[len(e.Args)-1])
		}
	}
	return ""
}

func hasName(literal *ast.CompositeLit, name string) bool {
	return slices.ContainsFunc(literal.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		return kv.Key.(*ast.Ident).Name == "Name" && isText(kv.Value, name)
	})
}

func isText(e ast.Expr, text string) bool {
	value, ok := e.(*ast.BasicLit)
	return ok && value.Value == strconv.Quote(text)
}

// family tells whether the library implements anything that a function of
// gatherers calls there, also by way of others in that package.
func (b build) family(name string) bool {
	own := b["prngd/gatherers"].functions
	fn := own[name]
	for _, c := range calls(fn.FuncDecl) {
		pkg, called := fn.imports[c[0]], c[1]
		switch {
		case c[0] == "" && own[called].FuncDecl != nil:
			if b.family(called) {
				return true
			}
		case strings.HasPrefix(pkg, library) && !b.stub(pkg, called):
			return true
		case c[0] == "p" && !b.stub(library+"process", called): // a *process.Process
			return true
		}
	}
	return false
}

// stub tells whether a function of the library begins by saying that it is not
// implemented, or by asking one that does.
func (b build) stub(pkg, name string) bool {
	fn := b[pkg].functions[name]
	if fn.FuncDecl == nil || len(fn.Body.List) == 0 {
		return true
	}
	first := fn.Body.List[0]
	refuses := false
	ast.Inspect(first, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		refuses = refuses || ok && id.Name == "ErrNotImplementedError"
		return true
	})
	if refuses {
		return true
	}
	switch first.(type) {
	case *ast.ReturnStmt, *ast.AssignStmt:
		asked := calls(first)
		return len(asked) == 1 && asked[0][0] == "" && b[pkg].functions[asked[0][1]].FuncDecl != nil && b.stub(pkg, asked[0][1])
	}
	return false
}
