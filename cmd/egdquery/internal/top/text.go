package top

import (
	"strings"
	"unicode/utf8"
)

// style is a way to write text: an SGR sequence of ECMA-48, of the terminal's own
// colours, which suit its background. Every one of them goes with a word.
type style string

const (
	plain   style = ""
	red     style = "\x1b[1;31m"
	green   style = "\x1b[32m"
	yellow  style = "\x1b[33m"
	bold    style = "\x1b[1m"
	faint   style = "\x1b[2m"
	reverse style = "\x1b[7m"

	reset = "\x1b[0m"
)

func (s style) write(text string) string {
	if s == plain || text == "" {
		return text
	}
	return string(s) + text + reset
}

// width counts the characters of a line, its styles aside.
func width(line string) (n int) {
	for line != "" {
		size, visible := next(line)
		if visible {
			n++
		}
		line = line[size:]
	}
	return n
}

// cut returns the first n characters of a line, and its styles.
func cut(line string, n int) string {
	var short strings.Builder
	for line != "" {
		size, visible := next(line)
		if !visible || n > 0 {
			short.WriteString(line[:size])
		}
		if visible {
			n--
		}
		line = line[size:]
	}
	return short.String()
}

// next returns the length of a character or a style, and which of them it is.
func next(line string) (size int, visible bool) {
	if strings.HasPrefix(line, "\x1b[") {
		if end := strings.IndexByte(line, 'm'); end > 0 {
			return end + 1, false
		}
	}
	_, size = utf8.DecodeRuneInString(line)
	return size, true
}
