package main

import (
	"strings"

	"prngd/internal/control"
)

// verb is one row of the table that parsing, help, man page and completion are
// made from.
type verb struct {
	name    string
	args    string // as the help shows them; one in [] may be left out
	summary string
	control bool     // it is for prngd alone: it asks the control socket
	options []option // of this verb alone
	run     func(*call) error
}

// verbs is the table, in the order of the help.
func verbs() []verb {
	return []verb{
		{"get", "", "print how many bits of entropy the daemon holds", false, nil, get},
		{"read", "N", "print N random bytes, or as many as there are at once", false, readOptions(), read},
		{"readb", "N", "print N random bytes, wait for them if need be", false, nil, readBlocking},
		{"write", "BITS", "give standard input to the daemon and claim BITS of entropy for it", false, nil, write},
		{"pid", "", "print the daemon's process id", false, nil, pid},
		{"exchange", "read|stir FILE [-]", "stir an exchange file, and standard input with - into it; read prints 1024 bytes made with it", false, nil, exchange},
		{"status", "", "print the state of prngd", true, statusOptions(), status},
		{"top", "", "show the state of prngd live, until q; line by line without a terminal", true, topOptions(), showTop},
		{"health", "", "print one line and exit as a monitoring plug-in: 0 ok, 1 degraded, 2 critical, 3 unknown", true, nil, health},
		{"wait", "", "wait until prngd is seeded", true, nil, wait},
		{control.Reseed, "", "have prngd reseed; returns once the new state is in use", true, nil, act},
		{control.Save, "", "have prngd save its seed file", true, nil, act},
		{control.Reload, "", "have prngd read its configuration again", true, nil, act},
		{control.Upgrade, "", "have prngd replace itself by the program on disk, keeping its clients", true, nil, act},
		{"metrics", "", "print Prometheus metrics, once", true, nil, printMetrics},
		{"serve", "", "serve Prometheus metrics, /healthz and a page with live plots over HTTP", true, serveOptions(), serve},
		{"help", "[VERB]", "print all verbs and options, or those of one verb", false, nil, help},
	}
}

// findVerb returns the verb of that name; prngd-ctl took verbs in any case.
func findVerb(name string) (verb, bool) {
	for _, v := range verbs() {
		if v.name == strings.ToLower(name) {
			return v, true
		}
	}
	return verb{}, false
}

func unknownVerb(word string) error {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return usageError("unknown verb %q%s", word, didYouMean(strings.ToLower(word), names, ""))
}

// arguments returns how many arguments v takes.
func (v verb) arguments() (least, most int) {
	for field := range strings.FieldsSeq(v.args) {
		most++
		if !strings.HasPrefix(field, "[") {
			least++
		}
	}
	return least, most
}

// check says what is wrong with the number of arguments.
func (v verb) check(args []string) error {
	least, most := v.arguments()
	if len(args) >= least && len(args) <= most {
		return nil
	}
	want, got := v.args, strings.Join(args, " ")
	if want == "" {
		want = "no argument"
	}
	if got == "" {
		got = "none"
	}
	return usageError("%s: expected %s, got %s", v.name, want, got)
}
