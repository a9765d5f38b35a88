package main

import (
	"fmt"
	"strings"

	"github.com/xrash/smetrics"
)

const about = `
ADDRESS is a socket's path, tcp/HOST:PORT or HOST:PORT. It names a daemon, for every verb: its control socket is
ADDRESS.status, or where --status or the daemon's prngd.conf says. Without either, the usual places are tried.
`

const exitStatuses = `
EXIT STATUS:
   0 done, 64 wrong usage, 69 no daemon, 74 input or output failed, 75 too few bytes, or not done now,
   76 an answer that was not understood, 77 not allowed, 78 never possible with this configuration;
   of health: 0 ok, 1 degraded, 2 critical, 3 unknown
`

// help prints everything, or what belongs to one verb.
func help(c *call) error {
	if len(c.args) == 0 {
		return c.print(wholeHelp())
	}
	v, ok := findVerb(c.args[0])
	if !ok {
		return unknownVerb(c.args[0])
	}
	text := fmt.Sprintf("egdquery %s: %s\n\nusage: egdquery [options] [ADDRESS] %s\n", v.name, v.summary, strings.TrimSpace(v.name+" "+v.args))
	if len(v.options) > 0 {
		text += "\nOPTIONS:\n" + optionTable(v.options)
	}
	return c.print(text + "\nOPTIONS OF ALL VERBS:\n" + optionTable(globalOptions()))
}

func wholeHelp() string {
	text := "egdquery asks a daemon that speaks the EGD protocol, and prngd's control socket.\n\n" +
		"usage: egdquery [options] [ADDRESS] VERB [argument]\n" + about + "\nCOMMANDS:\n"
	var rows [][2]string
	for _, v := range verbs() {
		rows = append(rows, [2]string{strings.TrimSpace(v.name + " " + v.args), v.summary})
	}
	return text + table(rows) + "\nOPTIONS, anywhere:\n" + optionTable(globalOptions()) + exitStatuses
}

func optionTable(list []option) string {
	var rows [][2]string
	for _, o := range list {
		name := strings.TrimSpace("--" + o.name + " " + o.value)
		if o.short != "" {
			name += ", " + strings.TrimSpace("-"+o.short+" "+o.value)
		}
		rows = append(rows, [2]string{name, o.usage})
	}
	return table(rows)
}

func table(rows [][2]string) string {
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	var text strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&text, "   %-*s  %s\n", width, r[0], r[1])
	}
	return text.String()
}

func printVersion(c *call) error {
	text := "egdquery " + version
	if date != "" {
		text += ", " + date
	}
	return c.print(text + "\n")
}

// didYouMean names the closest of the known words if it is near: a wrong byte and
// two that are swapped count two, a missing or an additional one counts one.
func didYouMean(word string, known []string, prefix string) string {
	best, distance := "", 2*max(1, len(word)/3)+1
	for _, name := range known {
		if d := smetrics.WagnerFischer(word, name, 1, 1, 2); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean " + prefix + best + "?"
}
