// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Beginning, fork and end of a preloaded process.
 *
 * Environment: ETRAN_REQUIRE=1 makes a TCP socket that eTran does not carry an
 * error; ETRAN_LINGER_MS is how long exit() waits for the peers to acknowledge
 * what was sent (60000); ETRAN_DEBUG says on stderr what stays with the kernel.
 *
 * A child forked by a process that uses eTran shares no connection with it: what
 * it inherited can be closed and gives ECONNRESET otherwise, listeners accept
 * what the kernel serves, and its new sockets are the kernel's. exec() begins
 * anew.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "libetran/libetran.h"
#include "life.h"
#include "real.h"
#include "uapi/etran_ctl.h"
#include "wait.h"

#define LINGER_MS	60000

bool shim_require, shim_forked;
static bool debug;
static atomic_bool used;	/* this process is a tenant */
static int linger_ms = LINGER_MS;

static void say(const char *fmt, va_list ap)
{
	char line[256];
	int n;

	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	if (n < 0)
		return;
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (real.write(STDERR_FILENO, line, n) < 0)
		return;
}

void shim_debug(const char *fmt, ...)
{
	va_list ap;

	if (!debug)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 1, 2)))
static void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

/* A socket stays with the kernel: count it, and say so to who wants to know. */
void shim_kernel(const char *call, uint32_t reason)
{
	etran_fallback(reason);
	if (shim_require && strcmp(call, "accept"))
		complain("etran: %s refused, not accelerated: %s", call,
			 etran_reason_name(reason));
	else
		shim_debug("etran: %s stays with the kernel: %s", call,
			   etran_reason_name(reason));
}

/* Return: why there is no eTran here, ETRAN_R_NONE: there is. */
uint32_t shim_open(void)
{
	uint32_t reason = ETRAN_R_NONE;

	if (etran_open(&reason))
		return reason ? reason : ETRAN_R_NO_DAEMON;
	used = true;
	return ETRAN_R_NONE;
}

static void before_fork(void)
{
	shim_fd_fork(0);
}

static void after_fork_parent(void)
{
	shim_fd_fork(1);
}

/*
 * A process that has nothing of eTran yet has nothing to lose: a daemon forks
 * first of all, and the child is the server.
 */
static void after_fork_child(void)
{
	if (!shim_forked && !used) {
		shim_fd_fork(1);
		shim_fd_init();
		return;
	}
	shim_forked = true;
	shim_fd_fork(2);
	shim_wait_fork();
	etran_forked();
}

/* Sockets that are open at the end are closed, as the kernel would. */
static void close_all(void)
{
	struct shim_file *f;
	struct etran_sock *s;
	int fd;

	for (fd = 0; (f = shim_next(&fd)); fd++) {
		if (f->kind == SHIM_SOCK && f->state >= SHIM_CONN && f->s) {
			s = f->s;
			f->state = SHIM_INERT;
			f->s = NULL;
			etran_set_user(s, NULL, NULL);
			etran_close(s, f->linger.l_onoff && !f->linger.l_linger);
		}
		shim_put(f);
	}
}

void shim_at_exit(void)
{
	static atomic_bool once;
	int lost;

	if (shim_forked || shim_in_other_process() || atomic_exchange(&once, true))
		return;
	close_all();
	lost = etran_drain(linger_ms);
	if (lost > 0)
		shim_debug("etran: %d connections not acknowledged at exit", lost);
}

void shim_init(void)
{
	static atomic_bool once;
	const char *s;

	if (atomic_exchange(&once, true))
		return;
	shim_real_init();
	shim_fd_init();
	s = getenv("ETRAN_REQUIRE");
	shim_require = s && *s && strcmp(s, "0");
	debug = getenv("ETRAN_DEBUG");
	s = getenv("ETRAN_LINGER_MS");
	if (s && *s)
		linger_ms = atoi(s);
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

__attribute__((constructor))
static void begin(void)
{
	shim_init();
}

__attribute__((destructor))
static void finish(void)
{
	shim_at_exit();
}
