/*
 * fuzz has an impostor answer libegd with whatever the input says, and knows exactly what
 * each call must make of it: these bytes, or an error and a wiped buffer.
 *
 * With clang: -DFUZZER -fsanitize=fuzzer,address,undefined. Without: fuzz ROUNDS SEED.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "egd.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_READ = 1024, READS = 4, CANARY = 0xaa };
enum kind { HONEST, SHORT, UNSEEDED, TOO_LONG, CUT, CLOSED, EXTRA, RAW, KINDS };

/* What both sides share. The lock is for the reader of the code and for TSan: the two take turns. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const uint8_t *input;
static size_t left;
static unsigned char expected[LARGEST_READ];
static size_t expected_n;
static int failures, unseeded;
static unsigned long calls, successes;

static char path[sizeof ((struct sockaddr_un *)0)->sun_path];

static unsigned take(void) { return left == 0 ? 0 : (left--, *input++); }

/* compose puts a reply to a request of n bytes into out, and returns its length. */
static size_t compose(unsigned char *out, unsigned n)
{
	enum kind kind = left == 0 ? CLOSED : (enum kind)(take() % KINDS);
	unsigned k = take(), first = take();
	size_t length = 1 + (size_t)n;

	out[0] = (unsigned char)n;
	for (size_t i = 1; i < 600; i++)
		out[i] = (unsigned char)(first + i);
	switch (kind) {
	case SHORT: out[0] = (unsigned char)(1 + k % n); return 1 + (size_t)out[0];
	case UNSEEDED: out[0] = 0; return 1;
	case TOO_LONG: out[0] = (unsigned char)(n < 255 ? n + 1 + k % (255 - n) : 255); return 1 + (size_t)out[0];
	case CUT: return k % length;
	case CLOSED: return 0;
	case EXTRA: return length + k;
	case RAW:
		for (unsigned i = 0; i < k; i++)
			out[i] = (unsigned char)take();
		return k;
	default: return length;
	}
}

/* judge adds to what is expected; it says whether the connection stays open. */
static int judge(const unsigned char *reply, size_t length, unsigned n)
{
	if (length >= 1 && reply[0] == 0) {
		unseeded = 1;
		return 1;
	}
	if (length < 1 || reply[0] > n || length - 1 < reply[0]) {
		failures++;
		return length >= 1 && reply[0] > n;
	}
	memcpy(expected + expected_n, reply + 1, reply[0]);
	expected_n += reply[0];
	return 1;
}

static void serve(int c)
{
	unsigned char request[2], reply[1024];

	while (recv(c, request, 2, MSG_WAITALL) == 2) {
		size_t length;
		int open;

		if (request[0] != 1 || request[1] == 0)
			abort();
		pthread_mutex_lock(&lock);
		length = compose(reply, request[1]);
		open = judge(reply, length, request[1]);
		pthread_mutex_unlock(&lock);
		if (length > 0)
			send(c, reply, length, MSG_NOSIGNAL);
		if (!open)
			break;
	}
	close(c);
}

static void *impostor(void *listener)
{
	for (;;) {
		int c = accept(*(int *)listener, NULL, NULL);

		if (c >= 0)
			serve(c);
	}
	return NULL;
}

static void remove_socket(void) { unlink(path); }

static void start(void)
{
	static int listener;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	pthread_t thread;

	snprintf(path, sizeof path, "%s/egd-fuzz.%d", getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"), (int)getpid());
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0)
		abort();
	atexit(remove_socket);
	pthread_create(&thread, NULL, impostor, &listener);
	pthread_detach(thread);
}

static int is_wiped(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return 0;
	return 1;
}

static void check(int error, const unsigned char *bytes, size_t n)
{
	int want = unseeded || failures > 1;

	calls++;
	successes += error == 0;
	if (bytes[n] != CANARY || (error != 0) != want || (unseeded && error != EAGAIN))
		abort();
	if (error != 0 ? !is_wiped(bytes, n) : expected_n != n || memcmp(bytes, expected, n) != 0)
		abort();
}

static void read_once(egd *e)
{
	unsigned char bytes[LARGEST_READ + 1];
	size_t n;
	int error;

	memset(bytes, CANARY, sizeof bytes);
	pthread_mutex_lock(&lock);
	n = (take() << 8 | take()) % (LARGEST_READ + 1);
	failures = unseeded = 0;
	expected_n = 0;
	pthread_mutex_unlock(&lock);
	error = egd_read(e, bytes, n);
	pthread_mutex_lock(&lock);
	check(error, bytes, n);
	pthread_mutex_unlock(&lock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	egd *e;

	pthread_once(&once, start);
	pthread_mutex_lock(&lock);
	input = data;
	left = size;
	pthread_mutex_unlock(&lock);
	e = egd_new(path, 60000);
	for (int i = 0; i < READS; i++)
		read_once(e);
	egd_free(e);
	return 0;
}

#ifndef FUZZER
/* Marsaglia's xorshift64: the same inputs for the same seed. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	for (unsigned long r = 0; r < rounds; r++) {
		uint8_t data[256];
		size_t n = next(&state) % sizeof data;

		for (size_t i = 0; i < n; i++)
			data[i] = (uint8_t)(next(&state) >> 32);
		LLVMFuzzerTestOneInput(data, n);
	}
	printf("%lu inputs, %lu calls, %lu successes\n", rounds, calls, successes);
	return 0;
}
#endif
