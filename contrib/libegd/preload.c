/*
 * preload gives a program that cannot be changed getrandom, getentropy and arc4random from
 * an EGD socket: LD_PRELOAD=libegd-preload.so. The socket is that of $EGD_SOCKET, or
 * EGD_ADDRESS. OpenSSH needs it where the kernel gives no random bytes, because its
 * arc4random is glibc's, which ends the process there. As arc4random cannot fail, it waits
 * for a daemon that is away $EGD_WAIT seconds, by default 60, and then ends the process, too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "egd.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

PUBLIC ssize_t getrandom(void *buffer, size_t n, unsigned flags);
PUBLIC int getentropy(void *buffer, size_t n);
PUBLIC uint32_t arc4random(void);
PUBLIC void arc4random_buf(void *buffer, size_t n);
PUBLIC uint32_t arc4random_uniform(uint32_t bound);

enum {
	LARGEST_ENTROPY = 256, /* getentropy(3) */
	WAIT = 60,             /* seconds: what a restart takes, with room for a slow machine */
	ATTEMPTS = 10          /* a second, while there is no daemon */
};

static egd *handle;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void) { handle = egd_new(getenv("EGD_SOCKET"), 0); }

static int fill(void *buffer, size_t n)
{
	pthread_once(&once, make);
	return handle == NULL ? EINVAL : egd_read(handle, buffer, n);
}

ssize_t getrandom(void *buffer, size_t n, unsigned flags)
{
	int error = fill(buffer, n);

	(void)flags;
	if (error == 0)
		return (ssize_t)n;
	errno = error == EAGAIN ? EAGAIN : EIO;
	return -1;
}

int getentropy(void *buffer, size_t n)
{
	if (n > LARGEST_ENTROPY || fill(buffer, n) != 0) {
		errno = EIO;
		return -1;
	}
	return 0;
}

static void die(int error)
{
	const char *parts[] = {"libegd-preload: arc4random: no random bytes: ", egd_strerror(error), "\n"};

	for (int i = 0; i < 3; i++)
		if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
			break;
	abort();
}

static long patience(void)
{
	const char *seconds = getenv("EGD_WAIT");

	return seconds == NULL ? WAIT : strtol(seconds, NULL, 10);
}

/* In a sandbox nothing gets better by waiting: what it has lost cannot be connected again. */
void arc4random_buf(void *buffer, size_t n)
{
	const struct timespec pause = {.tv_nsec = 1000000000 / ATTEMPTS};
	long left = patience() * ATTEMPTS;
	int error;

	while ((error = fill(buffer, n)) != 0) {
		if (error == EINVAL || error == ENOTCONN || left-- <= 0)
			die(error);
		nanosleep(&pause, NULL);
	}
}

uint32_t arc4random(void)
{
	uint32_t number;

	arc4random_buf(&number, sizeof number);
	return number;
}

/* A number below 2^32 mod bound would make the small results likelier: it is drawn again. */
uint32_t arc4random_uniform(uint32_t bound)
{
	uint32_t number, least;

	if (bound < 2)
		return 0;
	least = -bound % bound;
	do
		number = arc4random();
	while (number < least);
	return number % bound;
}
