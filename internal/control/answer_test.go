package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"prngd/internal/control"
)

// B3: an answer without an end is an error after 4 MiB.
func TestEndlessAnswer(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"version":1,"error":"`), zeros{})
	counted := &counter{Reader: endless}
	_, err := control.Ask(readOnly{counted}, control.Status)
	if err == nil || !strings.Contains(err.Error(), "expected at most 4 MiB") {
		t.Errorf("got %v", err)
	}
	if counted.n > 5<<20 {
		t.Errorf("%d bytes were read", counted.n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// B3: no text of an answer steers a terminal, whatever field it stands in. Every
// field of the report is set by its type, so that a new one is tested as well.
func TestEveryTextIsCleaned(t *testing.T) {
	const evil = "a\x1b]0;x\a\x9b2J\u202eb\n\u2028c"
	report := new(control.Report)
	poison(reflect.ValueOf(report).Elem(), evil)
	report.Version = control.Version
	text, err := json.Marshal(control.Answer{Version: control.Version, Report: report})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`\u001b`)) {
		t.Fatal("nothing evil is sent")
	}
	got, err := control.Ask(readOnly{bytes.NewReader(text)}, control.Status)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`\u001b`, `\u0007`, "\u009b", "\u202e", `\n`, "\u2028", `\u2028`} {
		if bytes.Contains(again, []byte(bad)) {
			t.Errorf("%q is left in %s", bad, again)
		}
	}
	var refused *control.RefusedError
	_, err = control.Ask(readOnly{strings.NewReader(`{"version":1,"error":"\u001b[2Jno","status":78}`)}, control.Reload)
	if !errors.As(err, &refused) || refused.Reason != "?[2Jno" || refused.Status != 78 {
		t.Errorf("a refusal: %v", err)
	}
}

// poison sets every text below v.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		poison(v.Elem(), text)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() != reflect.TypeFor[time.Time]() {
				poison(v.Field(i), text)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		poison(v.Index(0), text)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(text), reflect.ValueOf(uint64(1)))
	}
}

func TestClean(t *testing.T) {
	long := control.Clean(strings.Repeat("ä", 5000))
	if len(long) > 4<<10+3 || !strings.HasSuffix(long, "ä...") {
		t.Errorf("a long text is %d bytes, ends with %q", len(long), long[len(long)-5:])
	}
	for r := range rune(0x30000) {
		for _, c := range control.Clean(string(r)) {
			if c != ' ' && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)) {
				t.Errorf("%U is left as %U", r, c)
			}
		}
	}
	if got := control.Clean("Grüße, 世界 ok"); got != "Grüße, 世界 ok" {
		t.Errorf("got %q", got)
	}
}

// Fresh bytes: the number asked for, or the daemon's reason.
func TestFresh(t *testing.T) {
	dial := serve(t, control.Handler{Owner: os.Getuid(), Fresh: func(_ context.Context, n int) ([]byte, error) {
		if n == 5 {
			return nil, errors.New("no credited source")
		}
		return bytes.Repeat([]byte{7}, min(n, 100)), nil
	}})
	if got, err := control.AskFresh(dial(), 3); err != nil || !bytes.Equal(got, []byte{7, 7, 7}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := control.AskFresh(dial(), 5); err == nil || err.Error() != "no credited source" {
		t.Errorf("got %v, expected the daemon's own words", err)
	}
	if got, err := control.AskFresh(dial(), 101); err == nil || got != nil {
		t.Errorf("too few bytes give %v, %v", got, err)
	}
	for _, n := range []int{0, -1, control.MaxFresh + 1} {
		if _, err := control.AskFresh(dial(), n); err == nil || !strings.Contains(err.Error(), "from 1 to 65536") {
			t.Errorf("%d: got %v", n, err)
		}
	}
}

// A handler chooses the exit status of a refusal.
func TestRefusalStatus(t *testing.T) {
	dial := serve(t, control.Handler{Owner: os.Getuid(), Do: map[string]func(context.Context) error{
		control.Reload: func(context.Context) error { return &control.RefusedError{Reason: "no such user", Status: 78} },
	}})
	var refused *control.RefusedError
	_, err := control.Ask(dial(), control.Reload)
	if !errors.As(err, &refused) || refused.Status != 78 || refused.Denied || refused.Reason != "no such user" {
		t.Errorf("got %+v", err)
	}
}
