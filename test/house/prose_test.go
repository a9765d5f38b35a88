package house

import (
	"fmt"
	"go/scanner"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unwanted are words and turns that make a sentence of ours harder to read than its matter is. Write what acts and
// what it does: "the owner of the socket", not "whoever owns it".
var unwanted = regexp.MustCompile(`(?i)\b(whoever|whomever|whosoever|whom|whose[- ]ever|who` +
	`|he|him|his|himself|the (program|one) before us|be had|what is more|needs must|nobody but|save for|upon|anew|sees to it|believe[sd]?)\b`)

// A relative clause has a noun before its "who".
var clause = regexp.MustCompile(`(?i)\b(users?|clients?|peers?|admins?|administrators?|people|person|reader|root|process|processes|those|one|attackers?|anybody|anyone|somebody|someone|everybody|everyone|nobody),? who\b`)

// prosaic says whether a file's words are looked at.
func prosaic(file string) bool {
	const kinds = ".go .md .1 .3 .5 .8 .example .sh .pl .c .h .js .html .yml .yaml .conf .service .socket .txt .txtar"
	ext := path.Ext(file)
	return (ext == "" || slices.Contains(strings.Fields(kinds), ext)) && path.Base(file) != "LICENSE" && file != "test/house/prose_test.go"
}

// testscript is a line of a testscript that is no comment.
var testscript = regexp.MustCompile(`(?m)^[^#\n].*$`)

// objections are the lines of a file that have an unwanted word. In Go, comments and strings are looked at: errors and
// log messages are among these; in a testscript, comments.
func objections(file string, text []byte) (list []string) {
	look := func(line int, text string) {
		for i, text := range strings.Split(text, "\n") {
			if found := unwanted.FindString(clause.ReplaceAllString(text, "")); found != "" {
				list = append(list, fmt.Sprintf("%s:%d: %q", file, line+i, found))
			}
		}
	}
	switch path.Ext(file) {
	default:
		look(1, string(text))
	case ".txt", ".txtar":
		look(1, testscript.ReplaceAllString(string(text), ""))
	case ".go":
		var s scanner.Scanner
		set := token.NewFileSet()
		s.Init(set.AddFile(file, set.Base(), len(text)), text, nil, scanner.ScanComments)
		for pos, kind, literal := s.Scan(); kind != token.EOF; pos, kind, literal = s.Scan() {
			if kind == token.COMMENT || kind == token.STRING {
				look(set.Position(pos).Line, literal)
			}
		}
	}
	return list
}

// TestProseSees shows the words to the check, and sentences that it must let through.
func TestProseSees(t *testing.T) {
	for _, wrong := range []string{
		"Whoever asks is answered.", "the user for whom it is", "it is told who is there", "he waits", "wake him", "his socket",
		"the program before us", "no descriptor is to be had", "only 40 are to be had", "who has completed a command", "upon a reload",
		"by who runs it", "read anew", "cannot be had", "it sees to it", "no write is believed",
	} {
		for file, before := range map[string]string{"a.md": "", "a.txt": "x\n# ", "a.go": "package a\n\n// ", "b.go": "package b\n\nvar e = `"} {
			if objections(file, []byte(before+wrong+"`")) == nil {
				t.Errorf("nothing is found in %s with %q", file, wrong)
			}
		}
	}
	for _, right := range []string{"The peer that asks is answered.", "clients who are root", "the header, this, when, then"} {
		if got := objections("a.md", []byte(right)); got != nil {
			t.Errorf("%q: %q", right, got)
		}
	}
	if got := append(objections("a.go", []byte("package a\n\nvar he, whom int")), objections("a.txt", []byte("exec who\n"))...); got != nil {
		t.Errorf("names are looked at: %q", got)
	}
}
