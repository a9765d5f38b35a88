package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// scanner puts a command line in the order that cli wants: it stops at the
// first address, and refuses an option given under two of its names.
type scanner struct {
	forms              map[string]form
	rest               []string // not looked at yet
	options, addresses []string
}

type form struct {
	name       string // the flag's first
	takesValue bool
}

// permute divides args (without the program's name) into options, each written
// --name or --name=value, and addresses, both in their order.
func permute(args []string, flags []cli.Flag) (options, addresses []string, err error) {
	s := scanner{forms: map[string]form{}, rest: args}
	for _, f := range flags {
		for _, name := range dashed(f) {
			s.forms[name] = form{f.Names()[0], f.(cli.DocGenerationFlag).TakesValue()}
		}
	}
	for len(s.rest) > 0 {
		if err := s.next(); err != nil {
			return nil, nil, err
		}
	}
	return s.options, s.addresses, nil
}

func (s *scanner) next() error {
	arg := s.rest[0]
	s.rest = s.rest[1:]
	switch {
	case arg == "--":
		s.addresses = append(s.addresses, s.rest...)
		s.rest = nil
	case strings.HasPrefix(arg, "--"):
		name, value, given := strings.Cut(arg, "=")
		return s.option(arg, name, value, given)
	case strings.HasPrefix(arg, "-") && arg != "-":
		return s.letters(arg)
	default:
		s.addresses = append(s.addresses, arg)
	}
	return nil
}

// letters takes -f, and -fn for -f -n, and -nsFILE for -n -s FILE.
func (s *scanner) letters(arg string) error {
	for i := 1; i < len(arg); i++ {
		name, after := "-"+arg[i:i+1], arg[i+1:]
		if s.forms[name].takesValue {
			return s.option(arg, name, after, after != "")
		}
		if err := s.option(arg, name, "", false); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) option(arg, name, value string, given bool) error {
	f, known := s.forms[name]
	switch {
	case !known:
		return fmt.Errorf("%q: expected one of the options below", arg)
	case !f.takesValue && given:
		return fmt.Errorf("%q: expected no value for %s", arg, name)
	case !f.takesValue:
		s.add("--" + f.name)
		return nil
	}
	if !given && len(s.rest) > 0 {
		value, given, s.rest = s.rest[0], true, s.rest[1:]
	}
	if value == "" {
		return fmt.Errorf("%q: expected a value for %s", arg, name)
	}
	s.add("--" + f.name + "=" + value)
	return nil
}

// add appends an option. Of -n and -s only the later remains.
func (s *scanner) add(option string) {
	seed := func(o string) bool { return o == "--no-seedfile" || strings.HasPrefix(o, "--seedfile=") }
	if seed(option) {
		s.options = slices.DeleteFunc(s.options, seed)
	}
	s.options = append(s.options, option)
}
