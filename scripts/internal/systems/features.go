package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
)

// ran lists the processors by how they are run, the best first.
func (s *system) ran() string {
	var parts []string
	for _, how := range []string{"native", "emulated", "compiled"} {
		if len(s.run[how]) > 0 {
			parts = append(parts, how+": "+strings.Join(s.run[how], " "))
		}
	}
	return strings.Join(parts, "; ")
}

// kernel says how the kernel's generator is asked, and what its bytes count for.
func (s *system) kernel() string {
	return s.first("", "gatherers/kernel_linux.go", "getrandom, /dev/urandom; counts once the kernel says that it is seeded",
		"gatherers/kernel_freebsd.go", "getrandom; counts, since it refuses until it is seeded",
		"gatherers/kernel_netbsd.go", "/dev/urandom; counts if kern.entropy.needed is 0",
		"gatherers/kernel_other.go", "/dev/urandom; "+map[string]string{
			"KernelSeeded":   "counts: it is seeded before any process runs",
			"KernelUnproven": "mixed, counts nothing: it does not say whether it is seeded",
		}[s.deviceState()])
}

// deviceState reads the table of gatherers/kernel_other.go: what it returns for
// this system, or else at its end.
func (s *system) deviceState() string {
	source, _ := os.ReadFile("gatherers/kernel_other.go")
	rows := regexp.MustCompile(`(?:case .*"`+s.goos+`".*\n\s*|\n\t)return (Kernel\w+)\n`).FindAllSubmatch(source, -1)
	if len(rows) == 0 {
		return ""
	}
	return string(rows[0][1])
}

// driver says what joins sockets to sessions.
func (s *system) driver() string {
	return s.first("package net", "internal/server/epoll_linux.go", "epoll, one thread")
}

// upgrade says whether a new program can take the place of a running daemon.
func (s *system) upgrade() string { return yes(s.files["internal/upgrade/exec_linux.go"]) }

// peer says what is known of a client: nothing where ofFD asks nobody, and
// the process where it reads one.
func (s *system) peer() string {
	asked := calls(s.functions["prngd/internal/peercred.ofFD"])
	switch {
	case len(asked) == 0:
		return "–"
	case slices.Contains(asked, call{"", "pid"}):
		return "uid, pid"
	}
	return "uid"
}

// hidden says whether the generator's memory is left out of core dumps one by
// one; everywhere core dumps are switched off as a whole.
func (s *system) hidden() string { return yes(!s.files["internal/prng/secret_other.go"]) }

// confined says what keeps the daemon from writing where it has nothing to write.
func (s *system) confined() string {
	return s.first("–", "internal/privileges/confine_linux.go", "Landlock", "internal/privileges/confine_openbsd.go", "unveil, pledge")
}

// clones says what tells us that this machine is a copy of another.
func (s *system) clones() string {
	return s.first("–", "gatherers/clock_generation_linux.go", "/dev/vmclock0, uevents",
		"gatherers/clock_generation_freebsd.go", "dev.vmgenc.0.guid", "gatherers/clock_generation_netbsd.go", "kern.entropy.epoch")
}

// first is the text behind the first of these files that this build compiles.
func (s *system) first(none string, filesAndTexts ...string) string {
	for pair := range slices.Chunk(filesAndTexts, 2) {
		if s.files[pair[0]] {
			return pair[1]
		}
	}
	return none
}

func yes(really bool) string {
	if really {
		return "yes"
	}
	return "–"
}
