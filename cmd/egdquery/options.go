package main

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// option is one option of the table in verbs.go.
type option struct {
	name, short string
	value       string // what stands for its value in the help; "" = it takes none
	usage       string
	set         func(o *options, value string) error
}

// globalOptions are those that every verb takes.
func globalOptions() []option {
	return []option{
		{"socket", "s", "ADDRESS", "the daemon that listens at ADDRESS: a path, tcp/HOST:PORT or HOST:PORT", func(o *options, v string) error {
			_, err := parseAddress(v)
			o.socket = v
			return err
		}},
		{"status", "", "SOCKET", "the daemon whose control socket is SOCKET; also $PRNGD_STATUS", func(o *options, v string) error {
			o.status = v
			return unless(v != "", "status", v, "the path of a control socket")
		}},
		{"timeout", "t", "T", "wait at most T (10, 0.5, 500ms, 2m) to connect and for each answer, 0 for ever; by default 10s, readb and wait for ever", func(o *options, v string) error {
			limit, ok := parseDuration(v)
			o.timeout = &limit
			return unless(ok, "timeout", v, "seconds, or a duration such as 500ms or 2m")
		}},
		{"hex", "", "", "print bytes in hexadecimal, in one line; without it only on a terminal", boolean(func(o *options) *bool { return &o.hex })},
		{"base64", "", "", "print bytes in base64, in lines of 64", boolean(func(o *options) *bool { return &o.base64 })},
		{"help", "h", "", "print help, on the verb if there is one, and exit", boolean(nil)},
		{"version", "V", "", "print the version and exit", boolean(nil)},
	}
}

func readOptions() []option {
	return []option{{"fresh", "", "", "bytes made after a reseed that this causes, from the control socket; at most 65536", boolean(func(o *options) *bool { return &o.fresh })}}
}

func statusOptions() []option {
	return []option{{"json", "", "", "print it as data", boolean(func(o *options) *bool { return &o.json })}}
}

func topOptions() []option {
	return []option{
		{"every", "", "T", "look every T, at least 100ms; by default 1s", func(o *options, v string) error {
			every, ok := parseDuration(v)
			o.every = every
			return unless(ok && every >= watchEvery/10, "every", v, "seconds, or a duration of at least 100ms")
		}},
		{"count", "", "N", "end after N looks; by default 0, never", func(o *options, v string) error {
			n, err := strconv.ParseUint(v, 10, 64)
			o.count = n
			return unless(err == nil, "count", v, "a number")
		}},
	}
}

func serveOptions() []option {
	return []option{
		{"listen", "", "WHERE", "serve at WHERE: HOST:PORT, the path of a Unix socket, or fd:3, inherited; by default 127.0.0.1:9716", func(o *options, v string) error {
			o.listen = v
			return unless(v != "", "listen", v, "HOST:PORT, a path or fd:3")
		}},
		{"public", "", "", "let WHERE be an address that other hosts reach: there is no password and no TLS", boolean(func(o *options) *bool { return &o.public })},
	}
}

// boolean is an option without a value; where nil, parse knows what it means.
func boolean(where func(*options) *bool) func(*options, string) error {
	return func(o *options, _ string) error {
		if where != nil {
			*where(o) = true
		}
		return nil
	}
}

func unless(ok bool, name, value, expected string) error {
	if ok {
		return nil
	}
	return usageError("option --%s %q: expected %s", name, value, expected)
}

// parseDuration reads a duration of at least 0; a bare number, with a fraction
// or without, is seconds. The most is what a duration can hold, 292 years.
func parseDuration(s string) (time.Duration, bool) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil && strings.Trim(s, "0123456789.") == "" {
		return time.Duration(seconds * float64(time.Second)), seconds < math.MaxInt64/float64(time.Second)
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0
}

// parseNumber reads a number from 0 to most: decimal, whatever it begins with,
// or hexadecimal after 0x, as prngd-ctl took it.
func parseNumber(s string, most uint64) (uint64, bool) {
	base, digits := 10, s
	if rest, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		base, digits = 16, rest
	}
	n, err := strconv.ParseUint(digits, base, 64)
	return n, err == nil && n <= most
}
