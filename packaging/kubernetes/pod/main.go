// Command pod runs a container of a Kubernetes manifest without Kubernetes: it
// writes what the manifest says of it into the config.json of an OCI bundle, for
// a runtime such as runc. So a test runs the very command line, user, root file
// system, capabilities and mounts that the manifest has.
//
//	pod check FILE...
//	pod bundle FILE CONTAINER DIRECTORY BUNDLE
//
// check decodes strictly and prints the kind and name of each object. bundle
// changes BUNDLE/config.json, as made of the image; below DIRECTORY, "host"
// stands for the node's file system, "volumes" for what else the kubelet makes,
// and "seccomp.json", if there is one, is what the node's runtime filters by
// itself. Anything about the container that it does not know how to do is an
// error.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pod:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "check":
		return check(args[1:])
	case len(args) == 5 && args[0] == "bundle":
		m, err := read(args[1])
		if err != nil {
			return err
		}
		n := node{directory: args[3], manifest: m}
		return n.bundle(args[2], args[4])
	}
	return errors.New("usage: pod check FILE... | pod bundle FILE CONTAINER DIRECTORY BUNDLE")
}

func check(files []string) error {
	for _, file := range files {
		m, err := read(file)
		if err != nil {
			return err
		}
		for _, name := range m.names {
			fmt.Println(name)
		}
	}
	return nil
}
