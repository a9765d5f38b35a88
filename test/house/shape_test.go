package house

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// limits are the largest figures that are no offence.
var limits = map[string]int{
	"lines":        60, // of a function
	"fields":       20, // of a struct that has methods
	"circle":       5,  // files that use each other's names in a loop
	"undocumented": 0,  // exported names
	"package":      0,  // package comments that are missing
}

// pkg is one package: its files, and those of its tests.
type pkg struct {
	dir          string
	fset         *token.FileSet
	files, tests []*ast.File
}

func parse(found *build.Package) (pkg, error) {
	p := pkg{dir: found.ImportPath, fset: token.NewFileSet()}
	for _, name := range slices.Concat(found.GoFiles, found.TestGoFiles, found.XTestGoFiles) {
		f, err := parser.ParseFile(p.fset, filepath.Join(found.Dir, name), nil, parser.ParseComments)
		if err != nil {
			return p, err
		}
		if strings.HasSuffix(name, "_test.go") {
			p.tests = append(p.tests, f)
		} else {
			p.files = append(p.files, f)
		}
	}
	return p, nil
}

// measure notes what is beyond the limits.
func (p pkg) measure(note figures) {
	over := func(rule, subject string, n int) {
		if n > limits[rule] {
			note[rule+" "+p.dir+subject] = n
		}
	}
	for _, f := range slices.Concat(p.files, p.tests) {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				over("lines", "."+name(d), p.fset.Position(d.End()).Line-p.fset.Position(d.Pos()).Line+1)
			}
		}
	}
	fields, undocumented := p.names()
	for subject, n := range fields {
		over("fields", "."+subject, n)
	}
	over("undocumented", "", undocumented)
	over("circle", "", largestCircle(p.uses()))
	if len(p.files) > 0 && !slices.ContainsFunc(p.files, func(f *ast.File) bool { return f.Doc != nil }) {
		over("package", "", 1)
	}
}

// name is a function's, or TYPE.METHOD.
func name(d *ast.FuncDecl) string {
	if of := receiver(d); of != "" {
		return of + "." + d.Name.Name
	}
	return d.Name.Name
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	text := types.ExprString(d.Recv.List[0].Type)
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "*"), "[")
	return text
}

// names maps each struct that has methods to the number of its fields, and counts the exported names without a comment.
// In a group of constants or variables, the group's does. A program exports nothing.
func (p pkg) names() (fields map[string]int, undocumented int) {
	fields, behaves := map[string]int{}, map[string]bool{}
	count := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		commented := slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil })
		if name.IsExported() && !commented && p.files[0].Name.Name != "main" {
			undocumented++
		}
	}
	for _, f := range p.files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				of := receiver(d)
				if behaves[of] = true; of == "" || ast.IsExported(of) {
					count(d.Name, d.Doc)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						count(s.Name, d.Doc, s.Doc, s.Comment)
						if of, ok := s.Type.(*ast.StructType); ok {
							fields[s.Name.Name] = of.Fields.NumFields()
						}
					case *ast.ValueSpec:
						count(s.Names[0], d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	maps.DeleteFunc(fields, func(name string, _ int) bool { return !behaves[name] })
	return fields, undocumented
}

// uses maps each file to the files of the package whose names it uses. Other packages are not looked into: what has
// its type from there, the checker reports and we ignore.
func (p pkg) uses() map[string]map[string]bool {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Error: func(error) {}, FakeImportC: true}
	own, _ := conf.Check(p.dir, p.fset, p.files, info)
	graph := map[string]map[string]bool{}
	for id, o := range info.Uses {
		from, to := p.fset.Position(id.Pos()).Filename, p.fset.Position(o.Pos()).Filename
		if graph[from] == nil {
			graph[from] = map[string]bool{}
		}
		if o.Pkg() == own && from != to {
			graph[from][to] = true
		}
	}
	return graph
}

// largestCircle is the size of the largest set of files of which each reaches each. It adds to the graph what is
// reached by way of others (Warshall).
func largestCircle(reaches map[string]map[string]bool) (largest int) {
	for way := range reaches {
		for _, to := range reaches {
			if to[way] {
				maps.Copy(to, reaches[way])
			}
		}
	}
	for a, to := range reaches {
		size := 0
		for b := range to {
			if reaches[b][a] {
				size++
			}
		}
		largest = max(largest, size)
	}
	return largest
}

// TestShapeSees shows every rule of this file a package that breaks it.
func TestShapeSees(t *testing.T) {
	long := "package a\n\nfunc (t *T) F() {\n" + strings.Repeat("\tprintln()\n", 59) + "}\n\ntype T struct{ " + strings.Repeat("int\n", 21) + "}\n"
	p := pkg{dir: "a", fset: token.NewFileSet()}
	for i, text := range []string{long, "package a\n\nvar B = C\n", "package a\n\nvar C = D\n", "package a\n\nvar D = E\n",
		"package a\n\nvar E = func() { G() }\n", "package a\n\nfunc G() { H() }\n", "package a\n\nfunc H() { B() }\n"} {
		f, err := parser.ParseFile(p.fset, string(rune('a'+i))+".go", text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, f)
	}
	got := figures{}
	p.measure(got)
	want := figures{"lines a.T.F": 61, "fields a.T": 21, "circle a": 6, "package a": 1, "undocumented a": 8}
	if !maps.Equal(got, want) {
		t.Errorf("%v, expected %v", got, want)
	}
}
