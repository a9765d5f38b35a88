package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// image is as much of an image's configuration as is used.
const image = `{"process": {"args": ["/other"], "user": {"uid": 0, "gid": 0}, "terminal": true}, "root": {"path": "rootfs"},
	"linux": {"resources": {}}, "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}]}`

// bundled is what container program of consumer.yaml comes to after a change, on
// a node that has /run/egd.
func bundled(t *testing.T, right, wrong string) (specs.Spec, string, error) {
	t.Helper()
	text, err := os.ReadFile("../consumer.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), right) {
		t.Fatalf("consumer.yaml has no %q", right)
	}
	m, err := decode([]byte(strings.Replace(string(text), right, wrong, -1)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(image), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "host/run/egd"), 0o755); err != nil {
		t.Fatal(err)
	}
	failed := node{dir, m}.bundle("program", dir)
	var s specs.Spec
	if text, err = os.ReadFile(config); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s, dir, failed
}

func TestBundle(t *testing.T) {
	s, dir, err := bundled(t, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/egdquery", "-s", "/run/egd/egd-pool", "--hex", "readb", "32"}; !slices.Equal(s.Process.Args, want) {
		t.Errorf("arguments %q, expected %q", s.Process.Args, want)
	}
	if u := s.Process.User; u.UID != 10001 || u.GID != 10001 || !s.Root.Readonly || !s.Process.NoNewPrivileges || s.Process.Terminal {
		t.Errorf("user %+v, read-only %v, no new privileges %v", u, s.Root.Readonly, s.Process.NoNewPrivileges)
	}
	if c := s.Process.Capabilities; c == nil || len(c.Bounding)+len(c.Effective)+len(c.Permitted)+len(c.Ambient) != 0 {
		t.Errorf("capabilities %+v, expected none", c)
	}
	m := s.Mounts[len(s.Mounts)-1]
	if m.Destination != "/run/egd" || m.Source != filepath.Join(dir, "host/run/egd") || !slices.Contains(m.Options, "ro") {
		t.Errorf("mount %+v", m)
	}
}

// What it does not do it must not pass over.
func TestNotBundled(t *testing.T) {
	for _, c := range []struct{ right, wrong, says string }{
		{"command: [/egdquery]", "command: []", "expected a command"},
		{"runAsUser: 10001", "runAsUser: 0", "runAsNonRoot, and runAsUser 0"},
		{"    runAsGroup: 10001\n", "", "expected runAsUser and runAsGroup"},
		{"{drop: [ALL]}", "{drop: [ALL], add: [CHOWN]}", "nothing added"},
		{"{drop: [ALL]}", "{drop: [CHOWN]}", "expected drop: [ALL]"},
		{"{type: RuntimeDefault}", "{type: Unconfined}", "expected the pod's to be RuntimeDefault"},
		{"path: /run/egd, type", "path: /run/other, type", "no such file"},
		{"type: Directory}", "type: Socket}", "expected a Directory"},
		{", type: Directory}", "}", "expected a type"},
		{"mountPath: /run/egd,", "mountPath: /run/egd, subPath: egd-pool,", "and readOnly alone"},
		{"{name: egd,", "{name: other,", "the pod has none of this name"},
		{"- name: program", "- name: another", "there is no container program"},
	} {
		if _, _, err := bundled(t, c.right, c.wrong); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("with %q: %v, expected %q", c.wrong, err, c.says)
		}
	}
}
