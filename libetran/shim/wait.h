/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sleeping until there may be news, and for how long. */
#ifndef LIBETRAN_SHIM_WAIT_H
#define LIBETRAN_SHIM_WAIT_H

#include <poll.h>
#include <signal.h>

#include "file.h"

#define SHIM_ETRAN_FDS	12		/* room for etran_pollfds() */
#define SHIM_PACKET_FDS	2		/* the first of them that packets make readable */
#define SHIM_EXTRA_FDS	(SHIM_ETRAN_FDS + 1)

struct shim_waiter {
	struct shim_list node;
	int efd;
	bool on_stack;
	bool data;		/* waits for more than new connections; ev_lock */
};

struct shim_wait_ent {
	struct shim_list node;
	struct shim_waiter *w;
	struct shim_file *f;
};

/* A point of time; @set false: never. */
struct shim_until {
	bool set;
	struct timespec at;
};

void shim_until(struct shim_until *u, const struct timespec *left);
bool shim_left(const struct shim_until *u, struct timespec *left);
struct shim_waiter *shim_wait_begin(struct shim_waiter *stack);
void shim_wait_on(struct shim_waiter *w, struct shim_wait_ent *e, struct shim_file *f);
void shim_wait_off(struct shim_wait_ent *e);
void shim_wait_end(struct shim_waiter *w);
int shim_wait(struct shim_waiter *w, struct pollfd *fds, nfds_t n,
	      const struct shim_until *u, const sigset_t *mask);
int shim_wait_restart(struct shim_waiter *w, struct pollfd *fds, nfds_t n,
		      const struct shim_until *u);
void shim_wake_waiters(struct shim_file *f);
void shim_wait_fork(void);
void shim_signal_seen(int sig);

static inline bool shim_ts_zero(const struct timespec *t)
{
	return !t->tv_sec && !t->tv_nsec;
}

#endif /* LIBETRAN_SHIM_WAIT_H */
