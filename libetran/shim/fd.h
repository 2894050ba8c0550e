/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Descriptors: which of them the shim has something to say about. */
#ifndef LIBETRAN_SHIM_FD_H
#define LIBETRAN_SHIM_FD_H

#include "file.h"
#include "libetran/lock.h"

#define SHIM_MAX_FD	(1 << 20)	/* descriptors above stay with the kernel */

extern _Atomic(struct shim_file *) shim_fds[SHIM_MAX_FD];
extern pthread_mutex_t shim_fd_lock;
extern struct et_mutex shim_ev_lock;

static inline struct shim_file *shim_peek(int fd)
{
	if ((unsigned int)fd >= SHIM_MAX_FD)
		return NULL;
	return atomic_load_explicit(&shim_fds[fd], memory_order_acquire);
}

struct shim_file *shim_get_slow(int fd);
__attribute__((cold)) void shim_put_last(struct shim_file *f);	/* not inlined */

static inline void shim_put(struct shim_file *f)
{
	if (atomic_fetch_sub(&f->ref, 1) == 1)
		shim_put_last(f);
}

/* The file behind a descriptor with a reference, NULL: not ours. */
static inline struct shim_file *shim_get(int fd)
{
	return __builtin_expect(!!shim_peek(fd), 0) ? shim_get_slow(fd) : NULL;
}

/* Only sockets whose data eTran carries (or carried, before the fork). */
static inline struct shim_file *shim_get_conn(int fd)
{
	struct shim_file *f = shim_get(fd);

	if (f && (f->kind != SHIM_SOCK || f->state < SHIM_CONN)) {
		shim_put(f);
		return NULL;
	}
	return f;
}

struct shim_file *shim_file_new(enum shim_kind kind, void (*release)(struct shim_file *f));
int shim_install(int fd, struct shim_file *f);
int shim_close(int fd);
int shim_close_own(int fd);
int shim_dup_own(int fd, int min);
int shim_close_range(unsigned int lo, unsigned int hi, int flags);
int shim_dup(int fd, int newfd);
int shim_dup_to(int fd, int to, int flags);
struct shim_file *shim_next(int *fd);
bool shim_in_other_process(void);
void shim_fd_init(void);
void shim_fd_fork(int stage);
int shim_high_fd(int fd);

#endif /* LIBETRAN_SHIM_FD_H */
