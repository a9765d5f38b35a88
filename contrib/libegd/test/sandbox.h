/*
 * OpenSSH's pre-authentication sandbox, as its sandbox-seccomp-filter.c of 9.2 has it: which
 * calls are refused with EACCES, which are allowed; whatever else kills the process.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static const int refused[] = {
#ifdef SYS_lstat
	SYS_lstat, SYS_stat, SYS_open,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
	SYS_fstat, SYS_openat, SYS_shmget, SYS_shmat, SYS_shmdt, SYS_statx,
};

static const int allowed[] = {
#ifdef SYS_poll
	SYS_poll, SYS_select, SYS_time,
#endif
	SYS_brk, SYS_clock_gettime, SYS_close, SYS_exit, SYS_exit_group, SYS_futex, SYS_geteuid, SYS_getpgid, SYS_getpid,
	SYS_getrandom, SYS_gettid, SYS_gettimeofday, SYS_getuid, SYS_madvise, SYS_mmap, SYS_mprotect, SYS_mremap, SYS_munmap,
	SYS_nanosleep, SYS_clock_nanosleep, SYS_ppoll, SYS_pselect6, SYS_read, SYS_rt_sigprocmask, SYS_shutdown, SYS_write,
	SYS_writev,
};

static size_t rule(struct sock_filter *f, int number, unsigned verdict)
{
	f[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
	f[1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict);
	return 2;
}

/* enter_sandbox returns 0, or -1 if the system makes none. */
static int enter_sandbox(void)
{
	struct sock_filter f[2 * (sizeof refused + sizeof allowed) / sizeof(int) + 2];
	struct rlimit none = {0, 0}, one = {1, 1};
	size_t n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		n += rule(&f[n], refused[i], SECCOMP_RET_ERRNO | EACCES);
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		n += rule(&f[n], allowed[i], SECCOMP_RET_ALLOW);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

	struct sock_fprog program = {.len = (unsigned short)n, .filter = f};

	if (setrlimit(RLIMIT_FSIZE, &none) != 0 || setrlimit(RLIMIT_NOFILE, &one) != 0 || setrlimit(RLIMIT_NPROC, &none) != 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#endif
