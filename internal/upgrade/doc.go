// Package upgrade puts a new program in the place of the running one: same
// process, same descriptors. It carries documents that it does not read.
package upgrade
