// Command bom prints a software bill of materials for Go programs: CycloneDX
// 1.5, JSON, of what the linker put into them. The same programs give the same
// bytes.
//
//	bom [-modules] NAME VERSION TIME PROGRAM...
//
// TIME is in seconds since 1970. With -modules it prints one module and version
// a line instead.
package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	args := os.Args[1:]
	plain := len(args) > 0 && args[0] == "-modules"
	if plain {
		args = args[1:]
	}
	if len(args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: bom [-modules] NAME VERSION TIME PROGRAM...")
		os.Exit(64)
	}
	if err := run(os.Stdout, plain, args[0], args[1], args[2], args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "bom:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, plain bool, name, version, epoch string, programs []string) error {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("time %q: expected seconds since 1970", epoch)
	}
	modules, err := linked(programs)
	if err != nil {
		return err
	}
	if plain {
		for _, m := range modules {
			if _, err := fmt.Fprintln(w, m.Name, m.Version); err != nil {
				return err
			}
		}
		return nil
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(newBOM(name, version, time.Unix(seconds, 0), modules))
}

// bom and the types below are the part of CycloneDX 1.5 that we fill in.
type bom struct {
	BOMFormat    string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Ref      string    `json:"bom-ref"`
	Type     string    `json:"type"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	PURL     string    `json:"purl"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licenses []license `json:"licenses,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type license struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

func newBOM(name, version string, at time.Time, modules []component) bom {
	self := component{Type: "application", Name: name, Version: version, PURL: "pkg:generic/" + name + "@" + version}
	self.Ref = self.PURL
	self.Licenses = make([]license, 1)
	self.Licenses[0].License.ID = "Apache-2.0"
	needs := dependency{Ref: self.Ref}
	for _, m := range modules {
		needs.DependsOn = append(needs.DependsOn, m.Ref)
	}
	return bom{
		BOMFormat: "CycloneDX", SpecVersion: "1.5", Version: 1,
		Metadata:   metadata{at.UTC().Format(time.RFC3339), self},
		Components: modules, Dependencies: []dependency{needs},
	}
}

// linked returns the modules in any of the programs, and the standard library,
// in the order of their names.
func linked(programs []string) ([]component, error) {
	found := map[string]component{}
	for _, path := range programs {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading what is in %s: %w", path, err)
		}
		std := library("std", strings.TrimPrefix(info.GoVersion, "go"), "")
		found[std.Ref] = std
		for _, m := range info.Deps {
			for m.Replace != nil {
				m = m.Replace
			}
			c := library(m.Path, m.Version, m.Sum)
			found[c.Ref] = c
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) }), nil
}

// library describes a module. sum is go.sum's: "h1:" and the SHA-256 of the
// module's files, in base64.
func library(path, version, sum string) component {
	purl := "pkg:golang/" + path + "@" + version
	c := component{Ref: purl, Type: "library", Name: path, Version: version, PURL: purl}
	if h1, ok := strings.CutPrefix(sum, "h1:"); ok {
		if b, err := base64.StdEncoding.DecodeString(h1); err == nil {
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(b)}}
		}
	}
	return c
}
