package logging

import (
	"fmt"
	"strings"

	"github.com/sirupsen/logrus"
)

const valueMax = 512 // bytes of one message or value

func parseLevel(level string) (logrus.Level, error) {
	switch level {
	case "error":
		return logrus.ErrorLevel, nil
	case "warn", "warning":
		return logrus.WarnLevel, nil
	case "", "info":
		return logrus.InfoLevel, nil
	case "debug":
		return logrus.DebugLevel, nil
	}
	return 0, fmt.Errorf("log level %q: expected error, warn, info or debug", level)
}

func formatter(format string, timed bool) logrus.Formatter {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	if format == "json" {
		return &logrus.JSONFormatter{TimestampFormat: layout, DisableTimestamp: !timed, DisableHTMLEscape: true}
	}
	return &logrus.TextFormatter{TimestampFormat: layout, DisableTimestamp: !timed, FullTimestamp: true, DisableColors: true}
}

// noFormat saves logrus the work for an output that is discarded.
type noFormat struct{}

// Format formats nothing.
func (noFormat) Format(*logrus.Entry) ([]byte, error) { return nil, nil }

// shortValue keeps numbers and turns all else into short text.
func shortValue(value any) any {
	switch value.(type) {
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return value
	case []byte:
		return "[bytes]" // a sample or output, if anything: never logged
	}
	return cutValue(fmt.Sprint(value))
}

// cutValue returns the first line of s, and of that no more than fits.
func cutValue(s string) string {
	s = strings.TrimSpace(s)
	short, _, _ := strings.Cut(s, "\n")
	if len(short) > valueMax {
		short = strings.ToValidUTF8(short[:valueMax], "")
	}
	if len(short) < len(s) {
		short += "..."
	}
	return short
}
