// Package privileges gives up what serving does not need: root's user id,
// capabilities, writing elsewhere, and memory that others can read. It reads back
// what the kernel made of it.
package privileges
