//go:build !race

package prng_test

const raceDetector = false
