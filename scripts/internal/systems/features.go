package main

import (
	"go/ast"
	"strconv"
)

// kernel says how the kernel's generator is asked, and what its bytes count for.
func (s *system) kernel() string {
	switch {
	case s.build.has("gatherers", "kernel_linux.go"):
		return "getrandom, /dev/urandom; counts once the kernel says that it is seeded"
	case s.build.has("gatherers", "kernel_freebsd.go"):
		return "getrandom; counts, since it refuses until it is seeded"
	case s.build.has("gatherers", "kernel_netbsd.go"):
		return "/dev/urandom; counts if kern.entropy.needed is 0"
	}
	return "/dev/urandom; " + map[string]string{
		"KernelSeeded":   "counts: it is seeded before any process runs",
		"KernelUnproven": "mixed, counts nothing: it does not say whether it is seeded",
	}[s.deviceState()]
}

// deviceState reads the table of gatherers/kernel_other.go: what it returns for
// this system.
func (s *system) deviceState() (state string) {
	fn := s.build["prngd/gatherers"].functions["deviceState"]
	name := func(stmts []ast.Stmt) string {
		result, _ := stmts[len(stmts)-1].(*ast.ReturnStmt).Results[0].(*ast.Ident)
		return result.Name
	}
	state = name(fn.Body.List)
	ast.Inspect(fn.FuncDecl, func(n ast.Node) bool {
		clause, ok := n.(*ast.CaseClause)
		if !ok {
			return true
		}
		for _, x := range clause.List {
			if x.(*ast.BasicLit).Value == strconv.Quote(s.goos) {
				state = name(clause.Body)
			}
		}
		return true
	})
	return state
}

// driver says what joins sockets to sessions.
func (s *system) driver() string {
	if s.build.has("internal/server", "epoll_linux.go") {
		return "epoll, one thread"
	}
	return "package net"
}

// upgrade says whether a new program can take the place of a running daemon.
func (s *system) upgrade() string { return yes(s.build.has("internal/upgrade", "exec_linux.go")) }

// peer says what is known of a client: nothing where ofFD asks nobody, and
// the process where it reads one.
func (s *system) peer() string {
	asked, pid := false, false
	for _, c := range calls(s.build["prngd/internal/peercred"].functions["ofFD"].FuncDecl) {
		asked = true
		pid = pid || c == [2]string{"", "pid"}
	}
	switch {
	case !asked:
		return "–"
	case !pid:
		return "uid"
	}
	return "uid, pid"
}

// hidden says whether the generator's memory is left out of core dumps one by
// one; everywhere core dumps are switched off as a whole.
func (s *system) hidden() string { return yes(!s.build.has("internal/prng", "secret_other.go")) }

// confined says what keeps the daemon from writing where it has nothing to write.
func (s *system) confined() string {
	switch {
	case s.build.has("internal/privileges", "confine_linux.go"):
		return "Landlock"
	case s.build.has("internal/privileges", "confine_openbsd.go"):
		return "unveil, pledge"
	}
	return "–"
}

// clones says what tells us that this machine is a copy of another.
func (s *system) clones() string {
	switch {
	case s.build.has("gatherers", "clock_generation_linux.go"):
		return "/dev/vmclock0, uevents"
	case s.build.has("gatherers", "clock_generation_freebsd.go"):
		return "dev.vmgenc.0.guid"
	case s.build.has("gatherers", "clock_generation_netbsd.go"):
		return "kern.entropy.epoch"
	}
	return "–"
}

func yes(really bool) string {
	if really {
		return "yes"
	}
	return "–"
}
