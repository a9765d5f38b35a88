package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var writeFiles = flag.Bool("write", false, "write what is made from the table of verbs")

const (
	generatedFrom = `.\" Made from the table of verbs by: go test ./cmd/egdquery -run TestGenerated -write`
	generatedTo   = `.\" The rest is written by hand.`
)

// The man page's lists and the completions are made from the table (C4).
func TestGenerated(t *testing.T) {
	page := readText(t, "../../docs/man/egdquery.1")
	lists := []string{
		verbList(func(v verb) bool { return !v.control }),
		verbList(func(v verb) bool { return v.control }),
		optionList(),
	}
	for path, want := range map[string]string{
		"../../docs/man/egdquery.1":                fill(t, page, lists),
		"../../packaging/completion/egdquery.bash": bashCompletion(),
		"../../packaging/completion/egdquery.fish": fishCompletion(),
		"../../packaging/completion/_egdquery":     zshCompletion(),
	} {
		if *writeFiles {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if readText(t, path) != want {
			t.Errorf("%s is not as the table of verbs says: go test ./cmd/egdquery -run TestGenerated -write", path)
		}
	}
	for _, v := range verbs() {
		if n := strings.Count(page, "\n.It Cm "+v.name+"\n") + strings.Count(page, "\n.It Cm "+v.name+" "); n != 1 {
			t.Errorf("egdquery.1 describes %s %d times", v.name, n)
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fill puts lists between the marks of a page, in their order.
func fill(t *testing.T, page string, lists []string) string {
	parts := strings.Split(page, generatedFrom+"\n")
	if len(parts) != len(lists)+1 {
		t.Fatalf("egdquery.1 has %d places for lists, expected %d", len(parts)-1, len(lists))
	}
	for i, list := range lists {
		_, rest, ok := strings.Cut(parts[i+1], generatedTo)
		if !ok {
			t.Fatalf("list %d of egdquery.1 has no end", i+1)
		}
		parts[i+1] = list + generatedTo + rest
	}
	return strings.Join(parts, generatedFrom+"\n")
}

func verbList(in func(verb) bool) string {
	text := ".Bl -tag -width Ds\n"
	for _, v := range verbs() {
		if in(v) {
			text += ".It Cm " + v.name + mdocArguments(v.args) + "\n" + mdocSentence(v.summary)
		}
	}
	return text + ".El\n"
}

func mdocArguments(args string) (text string) {
	for _, field := range strings.Fields(args) {
		name, optional := strings.CutPrefix(field, "[")
		name = strings.TrimSuffix(name, "]")
		switch {
		case name == "-":
			name = "Fl"
		case strings.Contains(name, "|"):
			name = "Cm " + strings.ReplaceAll(name, "|", " | ")
		default:
			name = "Ar " + strings.ToLower(name)
		}
		if optional {
			name = "Op " + name
		}
		text += " " + name
	}
	return text
}

// mdocSentence writes a summary as a sentence of a page, in lines of at most 78.
func mdocSentence(s string) (text string) {
	column := 0
	for _, word := range strings.Fields(strings.ToUpper(s[:1]) + s[1:] + ".") {
		switch {
		case column == 0:
		case column+len(word) >= 78:
			text, column = text+"\n", 0
		default:
			text, column = text+" ", column+1
		}
		text, column = text+word, column+len(word)
	}
	return text + "\n"
}

// allOptions is each option once, with the verbs that take it; none is all of them.
func allOptions() (list []option, of map[string]string) {
	of = map[string]string{}
	list = globalOptions()
	for _, v := range verbs() {
		for _, o := range v.options {
			list = append(list, o)
			of[o.name] = v.name
		}
	}
	slices.SortFunc(list, func(a, b option) int { return strings.Compare(a.name, b.name) })
	return list, of
}

func optionList() string {
	text := ".Bl -tag -width Ds\n"
	list, of := allOptions()
	for _, o := range list {
		text += ".It "
		if o.short != "" {
			text += "Fl " + o.short + " , "
		}
		text += "Fl Fl " + o.name
		if o.value != "" {
			text += " Ar " + strings.ToLower(o.value)
		}
		text += "\n"
		if of[o.name] != "" {
			text += ".Cm " + of[o.name] + " :\n"
		}
		text += mdocSentence(o.usage)
	}
	return text + ".El\n"
}

const made = "# Made from the table of verbs by: go test ./cmd/egdquery -run TestGenerated -write\n"

func verbNames() string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return strings.Join(names, " ")
}

func bashCompletion() string {
	var paths, values, all []string
	list, _ := allOptions()
	for _, o := range list {
		all = append(all, "--"+o.name)
		names := []string{"--" + o.name}
		if o.short != "" {
			names = append(names, "-"+o.short)
		}
		switch o.value {
		case "":
		case "ADDRESS", "SOCKET":
			paths = append(paths, names...)
		default:
			values = append(values, names...)
		}
	}
	return "# bash completion for egdquery(1)\n" + made + fmt.Sprintf(`
_egdquery() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $prev in
	%s) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	%s | read | readb | write) return ;;
	exchange) mapfile -t COMPREPLY < <(compgen -W 'read stir' -- "$cur"); return ;;
	help) mapfile -t COMPREPLY < <(compgen -W '%[3]s' -- "$cur"); return ;;
	stir) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '%s' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W '%[3]s' -- "$cur") ;;
	esac
}
complete -o filenames -F _egdquery egdquery
`, strings.Join(paths, " | "), strings.Join(values, " | "), verbNames(), strings.Join(all, " "))
}

// quoted is text within single quotes of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func fishCompletion() string {
	text := "# fish completion for egdquery(1)\n" + made + "\n"
	list, of := allOptions()
	for _, o := range list {
		line := "complete -c egdquery -l " + o.name
		if o.short != "" {
			line += " -s " + o.short
		}
		switch o.value {
		case "":
		case "ADDRESS", "SOCKET":
			line += " -r"
		default:
			line += " -x"
		}
		if of[o.name] != "" {
			line += " -n '__fish_seen_subcommand_from " + of[o.name] + "'"
		}
		text += line + " -d " + strings.ReplaceAll(quoted(o.usage), `'\''`, `\'`) + "\n"
	}
	for _, v := range verbs() {
		text += "complete -c egdquery -n __fish_use_subcommand -f -a " + v.name + " -d " + strings.ReplaceAll(quoted(v.summary), `'\''`, `\'`) + "\n"
	}
	return text + "complete -c egdquery -n '__fish_seen_subcommand_from exchange' -a 'read stir'\n" +
		"complete -c egdquery -n '__fish_seen_subcommand_from help' -f -a '" + verbNames() + "'\n"
}

// zshOption is one for _arguments; its brackets and colons are escaped.
func zshOption(o option) string {
	usage := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(o.usage)
	value := ""
	switch o.value {
	case "":
	case "ADDRESS", "SOCKET":
		value = ":" + o.value + ":_files"
	default:
		value = ":" + o.value + ": "
	}
	if o.short == "" {
		return quoted("--" + o.name + "[" + usage + "]" + value)
	}
	return quoted("(-"+o.short+" --"+o.name+")") + "{-" + o.short + ",--" + o.name + "}" + quoted("["+usage+"]"+value)
}

func zshCompletion() string {
	text := "#compdef egdquery\n# zsh completion for egdquery(1)\n" + made + "\n_egdquery() {\n\tlocal state line\n\tlocal -a verbs own\n\tverbs=(\n"
	for _, v := range verbs() {
		text += "\t\t" + quoted(v.name+":"+v.summary) + "\n"
	}
	text += "\t)\n"
	for _, v := range verbs() {
		for _, o := range v.options {
			text += fmt.Sprintf("\t(( ${words[(I)%s]} )) && own+=(%s)\n", v.name, zshOption(o))
		}
	}
	text += "\t_arguments -C \\\n"
	for _, o := range globalOptions() {
		text += "\t\t" + zshOption(o) + " \\\n"
	}
	return text + `		$own '1: :->verb' '*:: :->rest' && return
	case $state in
	verb) _describe verb verbs ;;
	rest)
		case $words[1] in
		exchange) if (( CURRENT == 2 )); then _values action read stir; else _files; fi ;;
		help) _describe verb verbs ;;
		esac
		;;
	esac
}

_egdquery "$@"
`
}
