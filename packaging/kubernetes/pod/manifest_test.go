package main

import (
	"os"
	"strings"
	"testing"
)

// Each of these would have been sent to a cluster by somebody who trusts in it.
func TestWrongManifests(t *testing.T) {
	for _, c := range []struct{ file, right, wrong, says string }{
		{"prngd.yaml", "readOnlyRootFilesystem:", "readOnlyRootFileSystem:", `unknown field "spec.template.spec.initContainers[0].securityContext.readOnlyRootFileSystem"`},
		{"prngd.yaml", "minReadySeconds: 10", "minReadySecond: 10", `unknown field "spec.minReadySecond"`},
		{"prngd.yaml", "minReadySeconds: 10", "minReadySeconds: ten", "cannot unmarshal string into"},
		{"prngd.yaml", "minReadySeconds: 10", "minReadySeconds: 10\n  minReadySeconds: 10", `"minReadySeconds" already set`},
		{"prngd.yaml", "matchLabels: {app.kubernetes.io/name: prngd}\n  # An", "matchLabels: {app.kubernetes.io/name: other}\n  # An", "does not find the template's labels"},
		{"prngd.yaml", "policyTypes:", "policies:", `unknown field "spec.policies"`},
		{"prngd.yaml", "kind: DaemonSet", "kind: Daemonset", "got apps/v1 Daemonset"},
		{"prngd.yaml", "apiVersion: apps/v1", "apiVersion: extensions/v1beta1", "got extensions/v1beta1 DaemonSet"},
		{"consumer.yaml", "hostPath: {path:", "hostPath: {dir:", `unknown field "spec.volumes[0].hostPath.dir"`},
	} {
		text, err := os.ReadFile("../" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decode(text); err != nil {
			t.Fatalf("%s: %v", c.file, err)
		}
		changed := strings.Replace(string(text), c.right, c.wrong, 1)
		if changed == string(text) {
			t.Errorf("%s has no %q", c.file, c.right)
		}
		if _, err := decode([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s with %q: %v, expected %q", c.file, c.wrong, err, c.says)
		}
	}
}

// What a pod may do is little, and nobody's writes count.
func TestLeast(t *testing.T) {
	for _, file := range []string{"../prngd.yaml", "../consumer.yaml"} {
		m, err := read(file)
		if err != nil {
			t.Fatal(err)
		}
		p := m.pod
		if p.HostNetwork || p.HostPID || p.HostIPC || p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken {
			t.Errorf("%s: the pod shares more than it needs", file)
		}
		for _, c := range append(p.InitContainers, p.Containers...) {
			s := c.SecurityContext
			if s == nil || !truth(s.ReadOnlyRootFilesystem) || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
				s.Privileged != nil || len(s.Capabilities.Add) > 0 || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" {
				t.Errorf("%s: container %s: expected a read-only root file system and no capabilities", file, c.Name)
			}
			if root := !truth(first(s.RunAsNonRoot, p.SecurityContext.RunAsNonRoot)); root != (c.Name == "directories") {
				t.Errorf("%s: container %s may be root: %v", file, c.Name, root)
			}
		}
		for name, config := range m.configs {
			if strings.Contains(config.Data["prngd.conf"], "credit") {
				t.Errorf("%s: ConfigMap %s gives credit", file, name)
			}
		}
	}
}
