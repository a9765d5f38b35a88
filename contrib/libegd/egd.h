/*
 * libegd: random bytes from a daemon that speaks the EGD protocol.
 *
 * The contract of every function is in egd(3). In short: no call waits longer than
 * its handle's limit, and a buffer is either filled by the daemon or wiped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGD_H
#define EGD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EGD_VERSION "0.1.0"

/* EGD_ADDRESS is where prngd listens unless it is told otherwise. */
#define EGD_ADDRESS "/run/egd-pool"

/* EGD_LIMIT is the default limit of a call, in milliseconds: prngd may answer after
 * 5 seconds while it is not seeded, and each of the two attempts has half the limit. */
#define EGD_LIMIT 15000

/* EGD_API marks what a shared library exports. Defined as nothing, it hides libegd in a module that contains it. */
#if defined(EGD_API)
#elif defined(__GNUC__)
#define EGD_API __attribute__((visibility("default")))
#else
#define EGD_API
#endif

/* egd is one connection, which any number of threads may use. */
typedef struct egd egd;

/*
 * egd_new makes a handle without connecting. The address is the path of a Unix socket, or
 * tcp/HOST:PORT with a numeric HOST or localhost; NULL means EGD_ADDRESS. The limit is in
 * milliseconds; 0 means EGD_LIMIT. Returns NULL with errno EINVAL, ENAMETOOLONG or ENOMEM.
 */
EGD_API egd *egd_new(const char *address, unsigned limit);

/* egd_free closes the connection. No thread may be using the handle. NULL is allowed. */
EGD_API void egd_free(egd *handle);

/*
 * egd_connect makes sure that there is a connection: for a program that is about to chroot
 * or to confine itself. Returns 0 or an error number.
 */
EGD_API int egd_connect(egd *handle);

/*
 * egd_confine promises that this process makes no connections from now on, because it
 * enters a sandbox. OpenSSH's is recognised without it.
 */
EGD_API void egd_confine(egd *handle);

/*
 * egd_read fills the buffer with n bytes from the daemon and returns 0, or wipes all n
 * bytes of it and returns an error number, which egd_strerror explains.
 */
EGD_API int egd_read(egd *handle, void *buffer, size_t n);

/* egd_strerror says in English what an error number of this library means. */
EGD_API const char *egd_strerror(int error);

#ifdef __cplusplus
}
#endif
#endif
