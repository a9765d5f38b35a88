package dashboard_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// browser is a headless Chromium, spoken to over a pipe in the Chrome DevTools
// Protocol: JSON, a NUL after each message.
type browser struct {
	*testing.T
	to      *os.File
	from    *bufio.Reader
	id      int
	session string
	asked   []string // addresses that the page asked for
	trouble []string // errors in its console
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct{ Message string }
}

// browse starts program with one empty page.
func browse(t *testing.T, program string) *browser {
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+t.TempDir(), "--window-size=1280,1250", "--remote-debugging-pipe", "about:blank")
	theirs, to, err := os.Pipe()
	must(t, err)
	from, theirsToo, err := os.Pipe()
	must(t, err)
	cmd.ExtraFiles = []*os.File{theirs, theirsToo} // 3 and 4
	must(t, cmd.Start())
	theirs.Close()
	theirsToo.Close()
	stuck := time.AfterFunc(3*time.Minute, func() { cmd.Process.Kill() })
	b := &browser{T: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		stuck.Stop()
		b.id++
		fmt.Fprintf(to, `{"id":%d,"method":"Browser.close"}`+"\x00", b.id)
		cmd.Wait()
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})
	attached := b.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})
	b.session = attached["sessionId"].(string)
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		b.call(domain+".enable", nil)
	}
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call sends a command and takes what comes until its answer.
func (b *browser) call(method string, params map[string]any) map[string]any {
	b.Helper()
	b.id++
	command := map[string]any{"id": b.id, "method": method, "params": params}
	if params == nil {
		delete(command, "params")
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	text, err := json.Marshal(command)
	must(b.T, err)
	_, err = b.to.Write(append(text, 0))
	must(b.T, err)
	for {
		text, err := b.from.ReadBytes(0)
		if err != nil {
			b.Fatalf("%s: the browser has ended: %v", method, err)
		}
		var m message
		must(b.T, json.Unmarshal(text[:len(text)-1], &m))
		if m.ID != b.id {
			b.note(m)
			continue
		}
		if m.Error != nil {
			b.Fatalf("%s: %s", method, m.Error.Message)
		}
		var result map[string]any
		must(b.T, json.Unmarshal(m.Result, &result))
		return result
	}
}

func (b *browser) note(m message) {
	switch m.Method {
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		must(b.T, json.Unmarshal(m.Params, &p))
		b.asked = append(b.asked, p.Request.URL)
	case "Log.entryAdded", "Runtime.exceptionThrown":
		b.trouble = append(b.trouble, string(m.Params))
	}
}

// eval returns the value of a JavaScript expression.
func (b *browser) eval(expression string) any {
	b.Helper()
	r := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true})
	if r["exceptionDetails"] != nil {
		b.Fatalf("%s: %v", expression, r["exceptionDetails"])
	}
	return r["result"].(map[string]any)["value"]
}

// await waits until an expression is true.
func (b *browser) await(limit time.Duration, expression string) {
	b.Helper()
	for start := time.Now(); b.eval(expression) != true; time.Sleep(200 * time.Millisecond) {
		if time.Since(start) > limit {
			b.shoot("late")
			b.Fatalf("not true within %v: %s", limit, expression)
		}
	}
}

func (b *browser) press(key string) {
	b.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "code": key}
		if len(key) == 1 && kind == "keyDown" {
			params["text"] = key
		}
		if code := map[string]int{"Tab": 9, "ArrowLeft": 37, "Home": 36, "Escape": 27}[key]; code > 0 {
			params["windowsVirtualKeyCode"] = code
		}
		b.call("Input.dispatchKeyEvent", params)
	}
}

func (b *browser) scheme(name string) {
	b.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-color-scheme", "value": name}}})
}

// shoot writes a picture of the page to the directory in $PRNGD_SHOTS, if any.
func (b *browser) shoot(name string) {
	b.Helper()
	dir := os.Getenv("PRNGD_SHOTS")
	if dir == "" {
		return
	}
	r := b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true})
	picture, err := base64.StdEncoding.DecodeString(r["data"].(string))
	must(b.T, err)
	must(b.T, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644))
}
