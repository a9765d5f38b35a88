package main

import (
	"os"
	"slices"
	"strings"
)

// parser reads a command line of options, which may stand anywhere, and words.
// The old tools had the address before the verb.
type parser struct {
	c       call
	words   []string
	used    []string // names of the options that only some verbs have
	help    bool
	version bool
}

// parse returns what to do and with what.
func parse(args []string) (*call, func(*call) error, error) {
	p := parser{c: call{options: options{status: os.Getenv("PRNGD_STATUS")}}}
	if err := p.read(args); err != nil {
		return nil, nil, err
	}
	switch {
	case p.version:
		return &p.c, printVersion, nil
	case p.help:
		return &p.c, p.helpAsked(), nil
	}
	v, err := p.split()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range p.used {
		if _, ok := findOption(v.options, name); !ok {
			return nil, nil, usageError("option --%s: not of the verb %s", name, v.name)
		}
	}
	p.c.verb = v.name
	return &p.c, v.run, v.check(p.c.args)
}

// read takes the options out of args, and leaves the words.
func (p *parser) read(args []string) error {
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word == "--" {
			p.words = append(p.words, args[i+1:]...)
			break
		}
		name, value, given, isOption := splitOption(word)
		if !isOption {
			p.words = append(p.words, word)
			continue
		}
		o, err := p.find(word, name)
		if err != nil {
			return err
		}
		if o.value != "" && !given {
			if i++; i == len(args) {
				return usageError("option %s: expected %s", word, o.value)
			}
			value = args[i]
		}
		if o.value == "" && given {
			return usageError("option %s: it takes no value", word)
		}
		if err := o.set(&p.c.options, value); err != nil {
			return err
		}
	}
	return nil
}

// splitOption takes -name, --name and --name=value apart; "-" is a word.
func splitOption(word string) (name, value string, given, isOption bool) {
	name = strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-")
	if name == word || name == "" {
		return "", "", false, false
	}
	name, value, given = strings.Cut(name, "=")
	return name, value, given, true
}

// find returns the option of that name, of whatever verb.
func (p *parser) find(word, name string) (option, error) {
	if o, ok := findOption(globalOptions(), name); ok {
		p.help = p.help || o.name == "help"
		p.version = p.version || o.name == "version"
		return o, nil
	}
	known := optionNames(globalOptions())
	for _, v := range verbs() {
		if o, ok := findOption(v.options, name); ok {
			p.used = append(p.used, o.name)
			return o, nil
		}
		known = append(known, optionNames(v.options)...)
	}
	return option{}, usageError("unknown option %s%s", word, didYouMean(name, known, "--"))
}

func findOption(list []option, name string) (option, bool) {
	i := slices.IndexFunc(list, func(o option) bool { return o.name == name || o.short == name && name != "" })
	if i < 0 {
		return option{}, false
	}
	return list[i], true
}

func optionNames(list []option) (names []string) {
	for _, o := range list {
		names = append(names, o.name)
	}
	return names
}

// split finds [ADDRESS] VERB ARGUMENTS.
func (p *parser) split() (verb, error) {
	for i, word := range p.words[:min(2, len(p.words))] {
		v, ok := findVerb(word)
		if !ok {
			continue
		}
		p.c.args = p.words[i+1:]
		if i == 0 {
			return v, nil
		}
		return v, p.address(p.words[0])
	}
	if len(p.words) == 0 {
		return verb{}, usageError("expected a verb")
	}
	word := p.words[0]
	if len(p.words) > 1 && strings.ContainsAny(word, "/:") {
		word = p.words[1]
	}
	return verb{}, unknownVerb(word)
}

// address takes the word before the verb.
func (p *parser) address(word string) error {
	if p.c.socket != "" {
		return usageError("two addresses, %s and -s %s: expected one", word, p.c.socket)
	}
	p.c.socket = word
	_, err := parseAddress(word)
	return err
}

// helpAsked is help on the verb in the command line, if there is one.
func (p *parser) helpAsked() func(*call) error {
	if v, err := p.split(); err == nil {
		p.c.args = []string{v.name}
	} else {
		p.c.args = nil
	}
	return help
}
