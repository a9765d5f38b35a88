package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

const blanks = " \t"

func isBlank(r rune) bool { return r == ' ' || r == '\t' }

// cutWord returns the first word of s, and what follows it and the blanks.
func cutWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, blanks)
	i := strings.IndexAny(s, blanks)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], blanks)
}

// split divides what follows a directive's name into words. Quotes hold
// blanks, also within a word (group="mail users"); there are no escapes; a
// word that begins with # ends the line.
func split(s string) ([]string, error) {
	var words []string
	for s = strings.TrimLeft(s, blanks); s != "" && s[0] != '#'; s = strings.TrimLeft(s, blanks) {
		var word strings.Builder
		for s != "" && !isBlank(rune(s[0])) {
			if s[0] != '"' {
				word.WriteByte(s[0])
				s = s[1:]
				continue
			}
			held, rest, closed := strings.Cut(s[1:], `"`)
			if !closed {
				return nil, errors.New("expected a closing quote")
			}
			word.WriteString(held)
			s = rest
		}
		words = append(words, word.String())
	}
	if i := slices.IndexFunc(words, hasControl); i >= 0 {
		return nil, fmt.Errorf("expected text, found a control character in %.40q", words[i])
	}
	return words, nil
}

func hasControl(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// unquoted reports whether s is a command of PRNGD whose quotes were forgotten,
// such as users /usr/bin/users 0.01: PRNGD skips it, whatever its first word is
// like.
func unquoted(s string) bool {
	words := strings.FieldsFunc(s, isBlank)
	if len(words) < 3 || !strings.HasPrefix(words[len(words)-2], "/") {
		return false
	}
	rate := words[len(words)-1]
	return numberPrefix(rate) == rate
}

// nearest returns the one of names that word was meant to be, "" for none. What follows the name without a blank, as in user=prngd, is left out.
func nearest(word string, names []string) string {
	lower := strings.ToLower(strings.TrimLeft(word, "\v\f"))
	if i := strings.IndexAny(lower, "=:;#"); i > 0 {
		lower = lower[:i]
	}
	best, distance := "", 1<<30
	for _, name := range names {
		limit := len(name) / 3 // so that "ls" is not taken for "log"
		if len(lower) > len(name)+limit {
			continue
		}
		if n := smetrics.WagnerFischer(lower, name, 1, 1, 1); n <= limit && n < distance {
			best, distance = name, n
		}
	}
	return best
}
