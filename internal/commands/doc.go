// Package commands runs the commands of prngd.conf: in a child of its own user,
// within limits, without orphans or zombies.
package commands
