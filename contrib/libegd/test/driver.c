/*
 * driver does with libegd what its standard input says, one command a line, and answers
 * each with one line. contrib/libegd_test.go plays the daemon.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "egd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include "sandbox.h"
#endif

enum { CANARY = 0xaa, MOST_THREADS = 64 };

static egd *handle;
static unsigned char buffer[1 << 16];
static FILE *in, *out;

static const struct {
	int error;
	const char *name;
} names[] = {
	{0, "ok"}, {EAGAIN, "EAGAIN"}, {ECONNREFUSED, "ECONNREFUSED"}, {ECONNRESET, "ECONNRESET"}, {EILSEQ, "EILSEQ"},
	{EINVAL, "EINVAL"}, {EMFILE, "EMFILE"}, {ENAMETOOLONG, "ENAMETOOLONG"}, {ENOENT, "ENOENT"}, {ENOTCONN, "ENOTCONN"},
	{ENOTRECOVERABLE, "ENOTRECOVERABLE"}, {EPIPE, "EPIPE"}, {EPROTO, "EPROTO"}, {ETIMEDOUT, "ETIMEDOUT"},
};

static const char *name_of(int error)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].error == error)
			return names[i].name;
	return strerror(error);
}

/* holds_only says whether every byte of the buffer's first n is c, and the next one is untouched. */
static int holds_only(const unsigned char *bytes, size_t n, int c)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != c)
			return 0;
	return bytes[n] == CANARY;
}

/* verdict prints the bytes after a success, run-length coded: "ok 255x07 1x01". */
static void verdict(int error, size_t n)
{
	if (error != 0) {
		fprintf(out, "%s%s\n", name_of(error), holds_only(buffer, n, 0) ? "" : " and not wiped");
		return;
	}
	fprintf(out, "ok");
	for (size_t i = 0, k; i < n; i += k) {
		for (k = 1; i + k < n && buffer[i + k] == buffer[i]; k++)
			;
		fprintf(out, " %zux%02x", k, buffer[i]);
	}
	fprintf(out, buffer[n] == CANARY ? "\n" : " and beyond\n");
}

static void read_bytes(size_t n)
{
	memset(buffer, CANARY, sizeof buffer);
	verdict(egd_read(handle, buffer, n), n);
	fflush(out);
}

static void read_in_child(size_t n, int handlers)
{
	int status;
	pid_t child = handlers ? fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (child == 0) {
		read_bytes(n);
		_exit(0);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0)
		fprintf(out, "the child ended with status %#x\n", (unsigned)status);
}

/* connection is the number of the only socket of this process. */
static int connection(void)
{
	struct stat s;

	for (int fd = 0; fd < 256; fd++)
		if (fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode))
			return fd;
	return -1;
}

/* steal closes the connection behind the library's back; its number becomes that of the file. */
static void steal(const char *path)
{
	int fd = connection(), file = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);

	fprintf(out, fd >= 0 && file >= 0 && dup2(file, fd) == fd && close(file) == 0 ? "ok\n" : "cannot steal\n");
}

/* thief has the file's descriptors, which must be one, and be empty still. */
static void thief(const char *path)
{
	struct stat want, s;
	int n = 0;

	if (stat(path, &want) != 0)
		want.st_ino = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fstat(fd, &s) == 0 && s.st_ino == want.st_ino && s.st_dev == want.st_dev;
	fprintf(out, "%d open, %lld bytes\n", n, (long long)want.st_size);
}

struct job {
	pthread_t thread;
	size_t rounds, n;
	int error;
};

static void *work(void *argument)
{
	struct job *job = argument;
	unsigned char bytes[256];

	for (size_t i = 0; i < job->rounds && job->error == 0; i++) {
		memset(bytes, CANARY, sizeof bytes);
		job->error = egd_read(handle, bytes, job->n);
		if (job->error == 0 && !holds_only(bytes, job->n, (int)job->n))
			job->error = EILSEQ;
		if (job->error != 0 && job->error != EILSEQ && !holds_only(bytes, job->n, 0))
			job->error = ENOTRECOVERABLE;
	}
	return NULL;
}

/* threads reads on several threads at once, thread i always i + 1 bytes, and forks now and then. */
static void threads(size_t count, size_t rounds, int forks)
{
	struct job jobs[MOST_THREADS] = {{0}};
	int status, bad = 0;

	for (size_t i = 0; i < count; i++) {
		jobs[i].rounds = rounds;
		jobs[i].n = i + 1;
		pthread_create(&jobs[i].thread, NULL, work, &jobs[i]);
	}
	for (int i = 0; i < forks; i++) {
		pid_t child = fork();

		if (child == 0) {
			struct job own = {.rounds = 2, .n = 77};

			work(&own);
			_exit(own.error);
		}
		if (waitpid(child, &status, 0) < 0 || status != 0)
			bad++;
	}
	for (size_t i = 0; i < count; i++)
		pthread_join(jobs[i].thread, NULL);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s ", name_of(jobs[i].error));
	fprintf(out, "%d bad children\n", bad);
}

static void *cancelled(void *n)
{
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	pthread_cancel(pthread_self());
	read_bytes(*(size_t *)n);
	return NULL;
}

/* cancel reads in a thread that is cancelled beforehand: the call must be finished, and leave the handle usable. */
static void cancel(size_t n)
{
	pthread_t t;

	pthread_create(&t, NULL, cancelled, &n);
	pthread_join(t, NULL);
}

static void make(const char *address, unsigned limit)
{
	errno = 0;
	handle = egd_new(strcmp(address, "-") == 0 ? NULL : address, limit);
	fprintf(out, "%s\n", handle != NULL ? "ok" : name_of(errno));
}

static void sandbox(void)
{
#ifdef __linux__
	fprintf(out, enter_sandbox() == 0 ? "ok\n" : "none\n");
#else
	fprintf(out, "none\n");
#endif
}

static void obey(const char *verb, const char *word, size_t a, int b)
{
	if (strcmp(verb, "new") == 0)
		make(word, (unsigned)a);
	else if (strcmp(verb, "free") == 0)
		egd_free(handle), fprintf(out, "socket %d\n", connection());
	else if (strcmp(verb, "connect") == 0)
		fprintf(out, "%s\n", name_of(egd_connect(handle)));
	else if (strcmp(verb, "confine") == 0)
		egd_confine(handle), fprintf(out, "ok\n");
	else if (strcmp(verb, "read") == 0)
		read_bytes(a);
	else if (strcmp(verb, "fork") == 0 || strcmp(verb, "clone") == 0)
		read_in_child(a, verb[0] == 'f');
	else if (strcmp(verb, "steal") == 0)
		steal(word);
	else if (strcmp(verb, "thief") == 0)
		thief(word);
	else if (strcmp(verb, "threads") == 0)
		threads((size_t)atoi(word), a, b);
	else if (strcmp(verb, "cancel") == 0)
		cancel(a);
	else if (strcmp(verb, "sandbox") == 0)
		sandbox();
	else if (strcmp(verb, "closed") == 0)
		close(0), close(1), fprintf(out, "ok\n");
	else if (strcmp(verb, "where") == 0)
		fprintf(out, "%s\n", connection() > 2 ? "above 2" : "among the standard ones");
	else
		fprintf(out, "unknown: %s\n", verb);
}

int main(void)
{
	char line[512], verb[32], word[256];
	size_t a;
	int b;

	in = fdopen(fcntl(0, F_DUPFD_CLOEXEC, 20), "r");
	out = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 20), "w");
	setvbuf(in, NULL, _IOLBF, 1 << 12);
	setvbuf(out, NULL, _IOFBF, 1 << 16);
	while (fgets(line, sizeof line, in) != NULL) {
		word[0] = '\0', a = 0, b = 0;
		sscanf(line, "%31s %255s %zu %d", verb, word, &a, &b);
		obey(verb, word, a, b);
		fflush(out);
	}
	return 0;
}
