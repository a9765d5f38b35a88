package config

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

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

// attributes reads key=value words in any order. A setter stores a value or
// says what it expected.
func attributes(words []string, set map[string]func(string) error) error {
	seen := map[string]bool{}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		store, known := set[key]
		switch {
		case !known || !strings.Contains(w, "="):
			return fmt.Errorf("expected %s, found %.40q", keys(set), w)
		case seen[key]:
			return fmt.Errorf("expected %s= once", key)
		}
		seen[key] = true
		if err := store(value); err != nil {
			return fmt.Errorf("%s=%.80s: %w", key, value, err)
		}
	}
	return nil
}

func keys(set map[string]func(string) error) string {
	var names []string
	for key := range set {
		names = append(names, key+"=")
	}
	sort.Strings(names)
	return strings.Join(names, " or ")
}
