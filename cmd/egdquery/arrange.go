package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts a command line in the order that cli reads: options first, then
// the verb, its own options, its arguments. The old tools had the address
// first, and cli stops looking for options at the first word that is none.
func arrange(args []string, app *cli.App) ([]string, error) {
	var own []cli.Flag // the verbs'
	for _, verb := range app.Commands {
		own = append(own, verb.Flags...)
	}
	var global, local, words []string
	for len(args) > 0 {
		word := args[0]
		name, isOption := optionName(word)
		if word == "--" {
			words = append(words, args[1:]...)
			break
		}
		if !isOption {
			words, args = append(words, word), args[1:]
			continue
		}
		if name == "help" || name == "h" {
			return help(words, app), nil
		}
		list, flag := &global, find(app.Flags, name)
		if flag == nil {
			list, flag = &local, find(own, name)
		}
		n, err := length(args, flag)
		if err != nil {
			return nil, err
		}
		*list, args = append(*list, args[:n]...), args[n:]
	}
	address, verb, words, err := split(words, app)
	if err != nil {
		return nil, err
	}
	if address != "" {
		if given(global, find(app.Flags, "socket")) {
			return nil, usageError("two addresses, %s and that of -s: expected one", address)
		}
		global = append(global, "--socket="+address)
	}
	return slices.Concat(global, []string{verb}, local, []string{"--"}, words), nil
}

// optionName returns the name in -name, --name and --name=value.
func optionName(word string) (string, bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-")
	if name == word || name == "" {
		return "", false // "-" is a word
	}
	name, _, _ = strings.Cut(name, "=")
	return name, true
}

func find(flags []cli.Flag, name string) cli.Flag {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

// length returns how many words the option at the head of args takes.
func length(args []string, flag cli.Flag) (int, error) {
	if flag == nil {
		return 0, usageError("unknown option %s", args[0])
	}
	documented, ok := flag.(cli.DocGenerationFlag)
	if !ok || !documented.TakesValue() || strings.Contains(args[0], "=") {
		return 1, nil
	}
	if len(args) == 1 {
		return 0, usageError("option %s: expected a value", args[0])
	}
	return 2, nil
}

func given(options []string, flag cli.Flag) bool {
	return slices.ContainsFunc(options, func(word string) bool {
		name, isOption := optionName(word)
		return isOption && slices.Contains(flag.Names(), name)
	})
}

// split finds [ADDRESS] VERB ARGUMENTS. prngd-ctl took verbs in any case.
func split(words []string, app *cli.App) (address, verb string, rest []string, err error) {
	for i, word := range words[:min(2, len(words))] {
		command := app.Command(strings.ToLower(word))
		if command == nil {
			continue
		}
		if i == 1 {
			address = words[0]
		}
		return address, command.Name, words[i+1:], nil
	}
	var names []string
	for _, command := range app.Commands {
		names = append(names, command.Name)
	}
	menu := strings.Join(names, ", ")
	switch len(words) {
	case 0:
		return "", "", nil, usageError("expected one of %s", menu)
	case 1:
		return "", "", nil, usageError("%q: expected one of %s", words[0], menu)
	}
	return "", "", nil, usageError("%q %q: expected one of %s, or an address and one of them", words[0], words[1], menu)
}

func help(words []string, app *cli.App) []string {
	if _, verb, _, err := split(words, app); err == nil {
		return []string{verb, "--help"}
	}
	return []string{"--help"}
}
