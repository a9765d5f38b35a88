/*
 * asks calls what libegd-preload.so replaces: asks getrandom N | getentropy N | arc4random | uniform BOUND.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

uint32_t arc4random(void) __attribute__((weak));
uint32_t arc4random_uniform(uint32_t bound) __attribute__((weak));

int main(int argc, char **argv)
{
	unsigned char b[300] = {0};
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	long got = 0;

	if (strcmp(argv[1], "getrandom") == 0)
		got = (long)getrandom(b, n, 0);
	else if (strcmp(argv[1], "getentropy") == 0)
		got = getentropy(b, n);
	else if (strcmp(argv[1], "arc4random") == 0)
		got = arc4random();
	else
		got = arc4random_uniform((uint32_t)n);
	printf("%ld %02x%02x %s\n", got, b[0], b[1], got < 0 ? strerror(errno) : "");
	return 0;
}
