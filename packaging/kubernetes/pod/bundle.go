package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/opencontainers/runtime-spec/specs-go"
	core "k8s.io/api/core/v1"
)

// node stands for the machine that a pod runs on.
type node struct {
	directory string
	manifest  *manifest
}

// bundle makes the bundle's configuration, so far only the image's, that of the
// container.
func (n node) bundle(container, bundle string) error {
	c, err := n.manifest.container(container)
	if err != nil {
		return err
	}
	path := filepath.Join(bundle, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var s specs.Spec
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := n.apply(&s, c); err != nil {
		return fmt.Errorf("container %s: %w", container, err)
	}
	if text, err = json.MarshalIndent(s, "", "\t"); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func (n node) apply(s *specs.Spec, c *core.Container) error {
	if len(c.Command) == 0 {
		return errors.New("expected a command: what the image's entry point is, is not looked at")
	}
	s.Process.Terminal = false
	s.Process.Rlimits = nil // the runtime's own, as with Kubernetes
	s.Process.Args = append(append([]string{}, c.Command...), c.Args...)
	for _, v := range c.Env {
		if v.ValueFrom != nil {
			return fmt.Errorf("variable %s: expected a value", v.Name)
		}
		s.Process.Env = append(s.Process.Env, v.Name+"="+v.Value)
	}
	if err := secure(s, n.manifest.pod.SecurityContext, c.SecurityContext); err != nil {
		return err
	}
	if err := n.filter(s); err != nil {
		return err
	}
	if limit := c.Resources.Limits.Memory().Value(); limit > 0 {
		s.Linux.Resources.Memory = &specs.LinuxMemory{Limit: &limit}
	}
	return n.mount(s, c)
}

// secure sets user, groups, capabilities and what of the file system is read-only.
func secure(s *specs.Spec, pod *core.PodSecurityContext, c *core.SecurityContext) error {
	if pod == nil || c == nil {
		return errors.New("expected a securityContext of the pod and of the container")
	}
	uid, gid := first(c.RunAsUser, pod.RunAsUser), first(c.RunAsGroup, pod.RunAsGroup)
	if uid == nil || gid == nil {
		return errors.New("expected runAsUser and runAsGroup")
	}
	if *uid == 0 && truth(first(c.RunAsNonRoot, pod.RunAsNonRoot)) {
		return errors.New("runAsNonRoot, and runAsUser 0")
	}
	s.Process.User = specs.User{UID: uint32(*uid), GID: uint32(*gid)}
	for _, g := range pod.SupplementalGroups {
		s.Process.User.AdditionalGids = append(s.Process.User.AdditionalGids, uint32(g))
	}
	if pod.FSGroup != nil {
		s.Process.User.AdditionalGids = append(s.Process.User.AdditionalGids, uint32(*pod.FSGroup))
	}
	if c.Capabilities == nil || len(c.Capabilities.Add) != 0 || len(c.Capabilities.Drop) != 1 || c.Capabilities.Drop[0] != "ALL" {
		return errors.New("capabilities: expected drop: [ALL], and nothing added")
	}
	s.Process.Capabilities = &specs.LinuxCapabilities{}
	s.Process.NoNewPrivileges = c.AllowPrivilegeEscalation != nil && !*c.AllowPrivilegeEscalation
	s.Root.Readonly = truth(c.ReadOnlyRootFilesystem)
	return nil
}

// filter sets the node's runtime's own system call filter, where it has one.
func (n node) filter(s *specs.Spec) error {
	profile := n.manifest.pod.SecurityContext.SeccompProfile
	if profile == nil || profile.Type != core.SeccompProfileTypeRuntimeDefault {
		return errors.New("seccompProfile: expected the pod's to be RuntimeDefault")
	}
	text, err := os.ReadFile(filepath.Join(n.directory, "seccomp.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.Linux.Seccomp = &specs.LinuxSeccomp{}
	return json.Unmarshal(text, s.Linux.Seccomp)
}

// first is the container's word, or else the pod's.
func first[T any](container, pod *T) *T {
	if container != nil {
		return container
	}
	return pod
}

func truth(b *bool) bool { return b != nil && *b }
