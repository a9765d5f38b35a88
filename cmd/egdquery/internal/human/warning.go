package human

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"prngd/internal/control"
)

// Warning writes a line of a daemon's log as a sentence: how long ago, the
// message, its error, and in brackets what else was said. A line that is not in
// the daemon's text format stays as it is.
func Warning(line string, now time.Time) string {
	when, text, _ := strings.Cut(line, " ")
	t, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return line
	}
	// What was quoted in the log is raw again.
	return Ago(&t, now) + ": " + control.Clean(sentence(text))
}

// sentence makes one of key=value pairs.
func sentence(text string) string {
	var message, problem string
	var rest []string
	for more := text; more != ""; {
		key, value, tail, ok := pairOf(more)
		if !ok {
			return text
		}
		switch key {
		case "time", "level":
		case "msg":
			message = value
		case "error":
			problem = value
		default:
			rest = append(rest, key+" "+value)
		}
		more = tail
	}
	if message == "" {
		return text
	}
	first, size := utf8.DecodeRuneInString(message)
	s := string(unicode.ToUpper(first)) + message[size:]
	if problem != "" {
		s += ": " + problem
	}
	if len(rest) > 0 {
		s += " (" + strings.Join(rest, ", ") + ")"
	}
	return s
}

// pairOf takes the first key=value, the value quoted or one word, from text.
func pairOf(text string) (key, value, rest string, ok bool) {
	key, value, ok = strings.Cut(text, "=")
	if !ok || strings.ContainsAny(key, " \"") {
		return "", "", "", false
	}
	if strings.HasPrefix(value, `"`) {
		quoted, err := strconv.QuotedPrefix(value)
		if err != nil {
			return "", "", "", false
		}
		rest = value[len(quoted):]
		value, err = strconv.Unquote(quoted)
		return key, value, strings.TrimPrefix(rest, " "), err == nil
	}
	value, rest, _ = strings.Cut(value, " ")
	return key, value, rest, true
}
