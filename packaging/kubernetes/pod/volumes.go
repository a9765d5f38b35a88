package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/opencontainers/runtime-spec/specs-go"
	core "k8s.io/api/core/v1"
)

// mount adds the container's volumes, as the kubelet would have made them.
func (n node) mount(s *specs.Spec, c *core.Container) error {
	for _, m := range c.VolumeMounts {
		source, err := n.volume(m.Name)
		if err != nil {
			return fmt.Errorf("volume %s: %w", m.Name, err)
		}
		if m.SubPath != "" || m.SubPathExpr != "" || m.MountPropagation != nil {
			return fmt.Errorf("volume %s: expected name, mountPath and readOnly alone", m.Name)
		}
		options := []string{"rbind", "rprivate", "rw"}
		if m.ReadOnly {
			options[2] = "ro"
		}
		s.Mounts = append(s.Mounts, specs.Mount{Destination: m.MountPath, Type: "bind", Source: source, Options: options})
	}
	return nil
}

// volume returns the directory that a volume is.
func (n node) volume(name string) (string, error) {
	for _, v := range n.manifest.pod.Volumes {
		switch {
		case v.Name != name:
		case v.HostPath != nil:
			return n.hostPath(v.HostPath)
		case v.EmptyDir != nil:
			return n.emptyDir(name)
		case v.ConfigMap != nil:
			return n.configMap(v.ConfigMap)
		default:
			return "", fmt.Errorf("expected a hostPath, emptyDir or configMap")
		}
	}
	return "", fmt.Errorf("the pod has none of this name")
}

// hostPath is root's with mode 0755 where the kubelet makes it, and keeps its
// owner where it was there. fsGroup has no say in it.
func (n node) hostPath(v *core.HostPathVolumeSource) (string, error) {
	path := filepath.Join(n.directory, "host", v.Path)
	switch {
	case v.Type == nil:
		return "", fmt.Errorf("hostPath %s: expected a type", v.Path)
	case *v.Type == core.HostPathDirectoryOrCreate:
		return path, os.MkdirAll(path, 0o755)
	case *v.Type == core.HostPathDirectory:
		info, err := os.Stat(path)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("hostPath %s: expected a directory", v.Path)
		}
		return path, err
	}
	return "", fmt.Errorf("hostPath %s: expected a Directory or DirectoryOrCreate", v.Path)
}

// emptyDir is one for all containers of the pod: everybody's, and its files are
// of the group fsGroup.
func (n node) emptyDir(name string) (string, error) {
	path := filepath.Join(n.directory, "volumes", name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	if g := n.manifest.pod.SecurityContext.FSGroup; g != nil {
		if err := os.Chown(path, -1, int(*g)); err != nil {
			return "", err
		}
	}
	return path, os.Chmod(path, 0o777|os.ModeSetgid)
}

func (n node) configMap(v *core.ConfigMapVolumeSource) (string, error) {
	c := n.manifest.configs[v.Name]
	if c == nil {
		return "", fmt.Errorf("there is no ConfigMap %s", v.Name)
	}
	path := filepath.Join(n.directory, "volumes", "configmap-"+v.Name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	for name, text := range c.Data {
		if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return path, nil
}
