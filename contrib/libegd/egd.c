/*
 * libegd: see egd.h and egd(3).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "egd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE does it there */
#endif
#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

enum {
	READ_SOME = 1,    /* command 01 of the protocol: its reply begins with a length */
	LARGEST = 255,    /* bytes in one reply */
	FULL_BACKLOG = 10 /* milliseconds between attempts at a Unix socket whose queue is full */
};

union address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct target {
	union address address;
	socklen_t length;
};

struct egd {
	struct egd *next; /* in handles */
	struct target target[2];
	int targets;
	unsigned limit;

	pthread_mutex_t lock; /* guards busy; is never held while the daemon is waited for */
	pthread_cond_t idle;
	bool busy; /* some thread uses what follows */

	bool confined;
	bool plain; /* only write(2) is sure to be allowed on the connection */
	pid_t owner;
	int fd;
	dev_t device; /* what fd was when it was connected */
	ino_t inode;
};

/* Every handle of the process, for the fork handlers. */
static struct egd *handles;
static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wipe(void *buffer, size_t n)
{
	volatile unsigned char *p = buffer;

	while (n-- > 0)
		*p++ = 0;
}

/* await returns 0 once one of the events is there, ETIMEDOUT at the end: then even if there is
 * something, or a daemon that gives a byte at a time could keep us for ever. */
static int await(int fd, short events, int64_t end)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = end - now();
		int n;

		if (left <= 0)
			return ETIMEDOUT;
		n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return errno;
	}
}

/* ---- the descriptor ---- */

enum identity { OURS, FOREIGN, HIDDEN };

/* identify says whether fd still is what was connected: a program may have closed the
 * number, and been given it again for something else. A sandbox may refuse to tell. */
static enum identity identify(const struct egd *e)
{
	struct stat s;

	if (fstat(e->fd, &s) != 0)
		return errno == EBADF ? FOREIGN : HIDDEN;
	return S_ISSOCK(s.st_mode) && s.st_dev == e->device && s.st_ino == e->inode ? OURS : FOREIGN;
}

/* drop closes the connection if it certainly is ours. Otherwise it only forgets it. */
static void drop(struct egd *e)
{
	if (e->fd >= 0 && identify(e) == OURS)
		close(e->fd);
	e->fd = -1;
}

/* in_sandbox notices a filter like OpenSSH's: it answers fstat with EACCES, but kills for
 * socket. INT_MAX, because libc answers for negative numbers by itself. */
static bool in_sandbox(void)
{
	struct stat s;

	return fstat(INT_MAX, &s) != 0 && errno != EBADF;
}

/* quiet says that nothing is to be read: no end of file, and no byte left of an old reply. */
static bool quiet(const struct egd *e)
{
	struct pollfd p = {.fd = e->fd, .events = POLLIN | POLLRDHUP};

	return poll(&p, 1, 0) == 0;
}

/* ---- connecting ---- */

static int set_up(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return errno;
#ifdef SO_NOSIGPIPE
	if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int)) < 0)
		return errno;
#endif
	return 0;
}

/* above_standard moves fd away from 0, 1 and 2: a program without standard output would write there. */
static int above_standard(int fd)
{
	int moved, error;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	error = errno;
	close(fd);
	errno = error;
	return moved;
}

static int open_socket(int family)
{
#ifdef SOCK_CLOEXEC
	return above_standard(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
#else
	return above_standard(socket(family, SOCK_STREAM, 0));
#endif
}

static int connected(int fd, int64_t end)
{
	int error = await(fd, POLLOUT, end);
	socklen_t length = sizeof error;

	if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	return error;
}

static int dial(int fd, const struct target *t, int64_t end)
{
	while (connect(fd, &t->address.any, t->length) < 0) {
		if (errno == EINPROGRESS || errno == EINTR)
			return connected(fd, end);
		if (errno != EAGAIN)
			return errno;
		if (now() >= end)
			return ETIMEDOUT;
		poll(NULL, 0, FULL_BACKLOG);
	}
	return 0;
}

static int adopt(struct egd *e, int fd)
{
	struct stat s;

	if (fstat(fd, &s) < 0)
		return errno;
	e->fd = fd;
	e->device = s.st_dev;
	e->inode = s.st_ino;
	e->plain = false;
	return 0;
}

static int dial_target(struct egd *e, const struct target *t, int64_t end)
{
	int fd = open_socket(t->address.any.sa_family);
	int error;

	if (fd < 0)
		return errno;
	error = set_up(fd);
	if (error == 0)
		error = dial(fd, t, end);
	if (error == 0)
		error = adopt(e, fd);
	if (error != 0)
		close(fd);
	return error;
}

static int dial_any(struct egd *e, int64_t end)
{
	int error = ENOTCONN;

	if (e->confined || in_sandbox())
		return error;
	for (int i = 0; i < e->targets; i++) {
		error = dial_target(e, &e->target[i], end);
		if (error == 0)
			break;
	}
	return error;
}

/* ready returns 0 with a connection that is ours, of this process, and has nothing to be read. */
static int ready(struct egd *e, int64_t end)
{
	enum identity is;

	if (e->owner != getpid()) { /* for a fork that ran no handlers */
		drop(e);
		e->owner = getpid();
	}
	if (e->fd >= 0) {
		is = identify(e);
		e->plain = is == HIDDEN || e->confined;
		if (is != FOREIGN && quiet(e))
			return 0;
		drop(e);
	}
	return dial_any(e, end);
}

/* ---- one request ---- */

/* put writes without SIGPIPE. In a sandbox that is done by blocking it; should one become
 * pending there, it stays blocked in this thread, since nothing allowed could take it away. */
static ssize_t put(const struct egd *e, const void *bytes, size_t n)
{
	sigset_t pipe, before;
	ssize_t put;

	if (!e->plain)
		return send(e->fd, bytes, n, MSG_NOSIGNAL);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	put = write(e->fd, bytes, n);
	if (put >= 0 || errno != EPIPE) {
		int error = errno;

		pthread_sigmask(SIG_SETMASK, &before, NULL);
		errno = error;
	}
	return put;
}

static int put_all(const struct egd *e, const unsigned char *bytes, size_t n, int64_t end)
{
	int error = 0;

	while (n > 0 && (error = await(e->fd, POLLOUT, end)) == 0) {
		ssize_t k = put(e, bytes, n);

		if (k < 0 && errno != EAGAIN && errno != EINTR)
			return errno;
		if (k > 0) {
			bytes += k;
			n -= (size_t)k;
		}
	}
	return error;
}

static int get_all(const struct egd *e, unsigned char *bytes, size_t n, int64_t end)
{
	int error = 0;

	while (n > 0 && (error = await(e->fd, POLLIN, end)) == 0) {
		ssize_t k = read(e->fd, bytes, n);

		if (k == 0)
			return EPIPE;
		if (k < 0 && errno != EAGAIN && errno != EINTR)
			return errno;
		if (k > 0) {
			bytes += k;
			n -= (size_t)k;
		}
	}
	return error;
}

/* ask makes one request, and sets *got to the number of bytes in its reply, 1 to n. */
static int ask(struct egd *e, unsigned char *bytes, unsigned char n, unsigned char *got, int64_t end)
{
	const unsigned char request[2] = {READ_SOME, n};
	int error = ready(e, end);

	if (error == 0)
		error = put_all(e, request, sizeof request, end);
	if (error == 0)
		error = get_all(e, got, 1, end);
	if (error == 0 && *got > n)
		error = EPROTO;
	if (error == 0)
		error = *got == 0 ? EAGAIN : get_all(e, bytes, *got, end);
	/* Whatever still comes of a reply must never be taken for the next one. */
	if (error != 0 && error != EAGAIN)
		drop(e);
	return error;
}

static int fill(struct egd *e, unsigned char *bytes, size_t n, int64_t end)
{
	int64_t half = end - (int64_t)e->limit / 2;
	int64_t until = half;

	while (n > 0) {
		unsigned char got = 0;
		int error = ask(e, bytes, n < LARGEST ? (unsigned char)n : LARGEST, &got, until);

		if (error == 0) {
			bytes += got;
			n -= got;
		} else if (error == EAGAIN || until == end) {
			return error;
		} else {
			until = end; /* the one retry, on a fresh connection */
		}
	}
	return 0;
}

/* ---- one thread at a time ---- */

static int take(struct egd *e, int64_t end)
{
	struct timespec at = {.tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000};
	int error = 0;

	pthread_mutex_lock(&e->lock);
	while (e->busy && error == 0)
		error = pthread_cond_timedwait(&e->idle, &e->lock, &at);
	if (!e->busy) {
		e->busy = true;
		error = 0;
	}
	pthread_mutex_unlock(&e->lock);
	return error;
}

static void give(struct egd *e)
{
	pthread_mutex_lock(&e->lock);
	e->busy = false;
	pthread_cond_signal(&e->idle);
	pthread_mutex_unlock(&e->lock);
}

static void new_cond(struct egd *e)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&e->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void before_fork(void)
{
	pthread_mutex_lock(&handles_lock);
	for (struct egd *e = handles; e != NULL; e = e->next)
		pthread_mutex_lock(&e->lock);
}

static void fork_in_parent(void)
{
	for (struct egd *e = handles; e != NULL; e = e->next)
		pthread_mutex_unlock(&e->lock);
	pthread_mutex_unlock(&handles_lock);
}

/* The child shares its parent's connection: it must neither read from it nor keep it open.
 * Threads that were using or awaiting the handle do not exist in the child. */
static void fork_in_child(void)
{
	for (struct egd *e = handles; e != NULL; e = e->next) {
		new_cond(e);
		e->busy = false;
		drop(e);
		e->owner = getpid();
	}
	fork_in_parent();
}

static void watch_forks(void) { pthread_atfork(before_fork, fork_in_parent, fork_in_child); }

/* ---- addresses ---- */

static int local_target(struct target *t, const char *path)
{
	if (strlen(path) >= sizeof t->address.local.sun_path)
		return ENAMETOOLONG;
	t->address.local.sun_family = AF_UNIX;
	strcpy(t->address.local.sun_path, path);
	t->length = sizeof t->address.local;
	return 0;
}

static int port_number(const char *text, in_port_t *port)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	if (text[0] < '0' || text[0] > '9' || *rest != '\0' || n == 0 || n > 65535)
		return EINVAL;
	*port = htons((in_port_t)n);
	return 0;
}

static int host_target(struct egd *e, const char *host, in_port_t port)
{
	struct target *t = &e->target[e->targets];

	if (inet_pton(AF_INET, host, &t->address.v4.sin_addr) == 1) {
		t->address.v4.sin_family = AF_INET;
		t->address.v4.sin_port = port;
		t->length = sizeof t->address.v4;
	} else if (inet_pton(AF_INET6, host, &t->address.v6.sin6_addr) == 1) {
		t->address.v6.sin6_family = AF_INET6;
		t->address.v6.sin6_port = port;
		t->length = sizeof t->address.v6;
	} else {
		return EINVAL; /* a name: no resolver keeps to a limit */
	}
	e->targets++;
	return 0;
}

static int tcp_targets(struct egd *e, const char *text)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	in_port_t port;

	if (n == 0 || n >= sizeof host || port_number(colon + 1, &port) != 0)
		return EINVAL;
	if (text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	if (strcmp(host, "localhost") != 0)
		return host_target(e, host, port);
	host_target(e, "127.0.0.1", port);
	return host_target(e, "::1", port);
}

static int parse(struct egd *e, const char *address)
{
	if (strncmp(address, "tcp/", 4) == 0)
		return tcp_targets(e, address + 4);
	if (address[0] != '/')
		return EINVAL;
	e->targets = 1;
	return local_target(&e->target[0], address);
}

/* ---- the interface ---- */

egd *egd_new(const char *address, unsigned limit)
{
	struct egd *e = calloc(1, sizeof *e);
	int error;

	if (e == NULL)
		return NULL;
	error = parse(e, address == NULL ? EGD_ADDRESS : address);
	if (error != 0) {
		free(e);
		errno = error;
		return NULL;
	}
	e->limit = limit == 0 ? EGD_LIMIT : limit;
	e->fd = -1;
	e->owner = getpid();
	pthread_mutex_init(&e->lock, NULL);
	new_cond(e);
	pthread_once(&fork_once, watch_forks);
	pthread_mutex_lock(&handles_lock);
	e->next = handles;
	handles = e;
	pthread_mutex_unlock(&handles_lock);
	return e;
}

void egd_free(egd *e)
{
	struct egd **at = &handles;

	if (e == NULL)
		return;
	pthread_mutex_lock(&handles_lock);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	pthread_mutex_unlock(&handles_lock);
	drop(e);
	pthread_cond_destroy(&e->idle);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

/* call runs work while this thread has the connection. It cannot be cancelled meanwhile,
 * and errno stays what it was. */
static int call(struct egd *e, int (*work)(struct egd *, unsigned char *, size_t, int64_t),
		unsigned char *bytes, size_t n)
{
	int64_t end = now() + (int64_t)e->limit;
	int before = errno, cancel, error;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = take(e, end);
	if (error == 0) {
		error = work(e, bytes, n, end);
		give(e);
	}
	pthread_setcancelstate(cancel, &cancel);
	errno = before;
	return error;
}

int egd_read(egd *e, void *buffer, size_t n)
{
	int error = call(e, fill, buffer, n);

	if (error != 0)
		wipe(buffer, n);
	return error;
}

static int connect_now(struct egd *e, unsigned char *bytes, size_t n, int64_t end)
{
	(void)bytes;
	(void)n;
	return ready(e, end);
}

int egd_connect(egd *e) { return call(e, connect_now, NULL, 0); }

static int confine(struct egd *e, unsigned char *bytes, size_t n, int64_t end)
{
	(void)bytes;
	(void)n;
	(void)end;
	e->confined = true;
	return 0;
}

void egd_confine(egd *e) { call(e, confine, NULL, 0); }

const char *egd_strerror(int error)
{
	switch (error) {
	case 0: return "no error";
	case EAGAIN: return "the daemon is not seeded yet";
	case ECONNREFUSED: return "no daemon listens there";
	case ENOENT: return "there is no such socket";
	case ENOTCONN: return "not connected, and confined: connect before confinement";
	case EPIPE: return "the daemon closed the connection";
	case EPROTO: return "the reply is not one of the EGD protocol";
	case ETIMEDOUT: return "no reply within the time limit";
	default: return strerror(error);
	}
}
