package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// manifest is a file of Kubernetes objects, of the kinds that we have.
type manifest struct {
	names   []string // kind/name, in the order of the file
	configs map[string]*core.ConfigMap
	pod     *core.PodSpec // nil: there is none
}

// read decodes a file strictly: a field that Kubernetes' own types do not have,
// or that is there twice, is an error, as is a kind that we do not know.
func read(file string) (*manifest, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

func decode(text []byte) (*manifest, error) {
	m := &manifest{configs: map[string]*core.ConfigMap{}}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head struct {
			meta.TypeMeta   `json:",inline"`
			meta.ObjectMeta `json:"metadata"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, err
		}
		name := head.Kind + "/" + head.Name
		if err := m.add(head.APIVersion+" "+head.Kind, document); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m.names = append(m.names, name)
	}
	return m, nil
}

func (m *manifest) add(kind string, document []byte) error {
	switch kind {
	case "apps/v1 DaemonSet":
		var o apps.DaemonSet
		if err := strictly(document, &o); err != nil {
			return err
		}
		m.pod = &o.Spec.Template.Spec
		return selects(o.Spec.Selector, o.Spec.Template.Labels)
	case "v1 Pod":
		var o core.Pod
		err := strictly(document, &o)
		m.pod = &o.Spec
		return err
	case "v1 ConfigMap":
		var o core.ConfigMap
		err := strictly(document, &o)
		m.configs[o.Name] = &o
		return err
	case "v1 Namespace":
		return strictly(document, &core.Namespace{})
	case "networking.k8s.io/v1 NetworkPolicy":
		return strictly(document, &networking.NetworkPolicy{})
	}
	return fmt.Errorf("expected an apps/v1 DaemonSet, v1 Pod, ConfigMap or Namespace, or networking.k8s.io/v1 NetworkPolicy, got %s", kind)
}

// strictly decodes as the API server does. Go's own decoder, and so the YAML
// package's, takes readOnlyRootFileSystem for readOnlyRootFilesystem.
func strictly(document []byte, object any) error {
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return err
	}
	unknown, err := json.UnmarshalStrict(text, object)
	return errors.Join(append(unknown, err)...)
}

// selects is what the API server asks of a DaemonSet: that it finds its own pods.
func selects(s *meta.LabelSelector, labels map[string]string) error {
	selector, err := meta.LabelSelectorAsSelector(s)
	if err != nil {
		return err
	}
	for name, value := range s.MatchLabels {
		if labels[name] != value {
			return fmt.Errorf("selector %s does not find the template's labels %v", selector, labels)
		}
	}
	return nil
}

// container finds a container, or one that runs before them.
func (m *manifest) container(name string) (*core.Container, error) {
	if m.pod == nil {
		return nil, fmt.Errorf("container %s: there is no pod", name)
	}
	for _, list := range [][]core.Container{m.pod.InitContainers, m.pod.Containers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i], nil
			}
		}
	}
	return nil, fmt.Errorf("there is no container %s", name)
}
