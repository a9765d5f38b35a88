// Package process is a daemon's relation to its operating system and supervisor:
// background, pid file, -k, notification, and the limit of descriptors.
package process
