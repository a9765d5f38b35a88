package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prngd/egdproto"
	"prngd/internal/control"
)

// FuzzRequest: whatever another user sends, the answer is one JSON object and the end, but
// none to a command of the EGD protocol: the report if the first line, of at most 64 bytes, is status; if it is another verb,
// what became of that; and else what was expected.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{"status\n", "status\r\n", "status", "statuss\n", "\n", "save\nstatus\n", "reload\r\r\n",
		"upgrade \n", "fresh 1\n", "fresh 65537\n", "fresh -1\n", "fresh\n", "\x00", strings.Repeat("a", 64) + "\n", "status" + strings.Repeat("\r", 57) + "\n", "status" + strings.Repeat("\r", 58) + "\n"} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		f.Fatal(err)
	}
	handler := control.Handler{Owner: os.Getuid(), Status: func() control.Report { return control.Report{PID: 4711} }}
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { control.NewServer(handler).Serve(ctx, l); close(ended) }()
	f.Cleanup(func() { cancel(); <-ended })

	f.Fuzz(func(t *testing.T, request []byte) {
		a := talk(t, path, request)
		if isEGD(request) {
			return
		}
		line, _, found := bytes.Cut(request[:min(len(request), 64)], []byte("\n"))
		verb := strings.TrimRight(string(line), "\r")
		switch {
		case found && verb == control.Status:
			if a.Report == nil || a.Report.PID != 4711 || a.Error != "" {
				t.Errorf("%q: %+v", request, a)
			}
		case found && strings.HasPrefix(verb, "fresh "):
			if a.Report != nil || a.Data != nil || a.Error == "" {
				t.Errorf("%q: %+v", request, a)
			}
		case found && (verb == "reseed" || verb == "save" || verb == "reload" || verb == "upgrade"):
			if a.Report != nil || a.Error != verb+" cannot be done by this daemon" {
				t.Errorf("%q: %+v", request, a)
			}
		case a.Report != nil || a.Denied || !strings.Contains(a.Error, "expected one"):
			t.Errorf("%q: %+v", request, a)
		}
	})
}

func isEGD(request []byte) bool { return len(request) > 0 && request[0] <= byte(egdproto.PID) }

// talk sends all of a request and returns the only answer.
func talk(t *testing.T, path string, request []byte) (a control.Answer) {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { // the server may have read enough before it has all of it
		c.Write(request)
		c.(*net.UnixConn).CloseWrite()
	}()
	answers := json.NewDecoder(c)
	if isEGD(request) {
		if err := answers.Decode(&a); err == nil {
			t.Fatalf("%q: %+v", request, a)
		}
		return a
	}
	if err := answers.Decode(&a); err != nil || a.Version != control.Version {
		t.Fatalf("%q: %+v, %v", request, a, err)
	}
	if err := answers.Decode(new(any)); err == nil {
		t.Fatalf("%q: a second answer", request)
	}
	return a
}

// FuzzAnswer: the admin's side accepts a report only of its own version and
// without an error beside it, and gives a daemon's refusal in its words, cleaned.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"version":1,"report":{"pid":4711}}`, `{"version":2,"report":{}}`, `{"version":1,"error":"no","denied":true}`,
		`{"version":1}`, `{"version":1,"error":"x","report":{}}`, `[]`, `{"version":"1"}`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		r, err := control.Ask(readOnly{bytes.NewReader(answer)}, control.Status)
		var a control.Answer
		decoded := json.NewDecoder(bytes.NewReader(answer)).Decode(&a)
		var refused *control.RefusedError
		switch {
		case decoded != nil:
			if r != nil || err == nil || errors.As(err, &refused) {
				t.Errorf("%q: %+v, %v", answer, r, err)
			}
		case a.Error != "":
			if r != nil || !errors.As(err, &refused) || refused.Reason != control.Clean(a.Error) || refused.Denied != a.Denied {
				t.Errorf("%q: %+v, %v", answer, r, err)
			}
		case (err == nil) != (a.Version == control.Version) || err != nil && r != nil:
			t.Errorf("%q: %+v, %v", answer, r, err)
		}
	})
}
