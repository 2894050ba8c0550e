// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Descriptors: which of them the shim has something to say about.
 *
 * shim_fds[] maps a descriptor to its open file description. Readers take no
 * lock: they load the entry, raise its reference count unless it is zero, and
 * load the entry again; a file that was recycled in between shows as another
 * entry. Writers hold shim_fd_lock.
 *
 * Descriptors of our own (AF_XDP sockets, eventfds) are marked with
 * &shim_private: a program that closes everything it does not know must not
 * take them away.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <unistd.h>

#include "fd.h"
#include "real.h"

#define HIGH_FD		700	/* ours go up there, out of select()'s busy part */

_Atomic(struct shim_file *) shim_fds[SHIM_MAX_FD];
pthread_mutex_t shim_fd_lock = PTHREAD_MUTEX_INITIALIZER;
struct et_mutex shim_ev_lock;

static struct shim_file shim_private;
static struct shim_file *free_files;	/* shim_fd_lock */
static int top_fd = -1;			/* highest that was ever set; shim_fd_lock */
static pid_t own_pid;

/*
 * A child of vfork() runs in our memory with descriptors of its own: what it
 * closes there must not be forgotten here.
 */
bool shim_in_other_process(void)
{
	return own_pid && getpid() != own_pid;
}

void shim_fd_init(void)
{
	own_pid = getpid();
}

static void table_set(int fd, struct shim_file *f)
{
	if (fd > top_fd)
		top_fd = fd;
	atomic_store_explicit(&shim_fds[fd], f, memory_order_release);
}

/**
 * shim_file_new - a file description without descriptors
 * @release: called when the last reference is gone; then the memory may become
 *	another file
 * Return: it with one reference, NULL when there is no memory.
 */
struct shim_file *shim_file_new(enum shim_kind kind, void (*release)(struct shim_file *f))
{
	struct shim_file *f;

	pthread_mutex_lock(&shim_fd_lock);
	f = free_files;
	if (f)
		free_files = f->next_free;
	pthread_mutex_unlock(&shim_fd_lock);
	if (!f) {
		f = calloc(1, sizeof(*f));
		if (!f)
			return NULL;
		pthread_mutex_init(&f->lock, NULL);
	}
	f->kind = kind;
	f->release = release;
	f->state = SHIM_NEW;
	f->ss = SHIM_SS_UNCONNECTED;
	f->nonblock = f->ipv6 = f->inherited = f->knl_listen = f->shut = false;
	f->nested = f->efd_set = f->up = f->data = false;
	f->fd = f->efd = f->ctl_fd = -1;
	f->s = f->stash = NULL;
	f->err = f->refused = f->sleepers = f->nr_ready = 0;
	f->lowat = 1;
	f->linger = (struct linger){ 0 };
	f->rcvtimeo = f->sndtimeo = (struct timespec){ 0 };
	f->wake = f->tag = NULL;
	f->nr_watch = f->nr_items = 0;
	f->round = 0;
	shim_list_init(&f->waiters);
	shim_list_init(&f->items);
	shim_list_init(&f->ready);
	shim_list_init(&f->watched);
	atomic_store(&f->ref, 1);
	return f;
}

struct shim_file *shim_get_slow(int fd)
{
	struct shim_file *f;
	int ref;

	while ((f = shim_peek(fd))) {
		if (f == &shim_private)
			return NULL;
		ref = atomic_load(&f->ref);
		while (ref > 0)
			if (atomic_compare_exchange_weak(&f->ref, &ref, ref + 1))
				break;
		if (ref <= 0)
			continue;	/* being closed: the entry changes soon */
		if (shim_peek(fd) == f)
			return f;
		shim_put(f);
	}
	return NULL;
}

/* Nobody refers to it any more. */
void shim_put_last(struct shim_file *f)
{
	f->release(f);
	pthread_mutex_lock(&shim_fd_lock);
	f->next_free = free_files;
	free_files = f;
	pthread_mutex_unlock(&shim_fd_lock);
}

/**
 * shim_install - let a descriptor refer to a file
 * Takes over a reference. Return: @fd.
 */
int shim_install(int fd, struct shim_file *f)
{
	if (fd >= SHIM_MAX_FD) {
		shim_put(f);
		return fd;
	}
	pthread_mutex_lock(&shim_fd_lock);
	table_set(fd, f);
	if (f->fd < 0)
		f->fd = fd;
	pthread_mutex_unlock(&shim_fd_lock);
	return fd;
}

/* Take a descriptor off the table. The caller gets its reference. */
static struct shim_file *uninstall(int fd)
{
	struct shim_file *f;
	int i;

	f = shim_peek(fd);
	if (!f)
		return NULL;
	pthread_mutex_lock(&shim_fd_lock);
	f = shim_peek(fd);
	if (f && f != &shim_private) {
		table_set(fd, NULL);
		if (f->fd == fd) {
			f->fd = -1;
			/* only dup() makes the table hold more than one */
			for (i = 0; atomic_load(&f->ref) > 1 && i <= top_fd; i++)
				if (shim_peek(i) == f)
					f->fd = i;
		}
	}
	pthread_mutex_unlock(&shim_fd_lock);
	return f;
}

/**
 * shim_close - close()
 * The number is free before the connection is looked at: SO_LINGER may wait.
 */
int shim_close(int fd)
{
	struct shim_file *f;
	int r;

	if (shim_in_other_process())
		return real.close(fd);
	f = uninstall(fd);
	if (f == &shim_private) {
		errno = EBADF;
		return -1;
	}
	r = real.close(fd);
	if (f)
		shim_put(f);
	return r;
}

/* A descriptor of libetran's. */
int shim_close_own(int fd)
{
	if (shim_peek(fd) == &shim_private)
		atomic_store(&shim_fds[fd], NULL);
	return real.close(fd);
}

/* Not for the program. */
static void protect(int fd)
{
	if (fd < 0 || fd >= SHIM_MAX_FD)
		return;
	pthread_mutex_lock(&shim_fd_lock);
	table_set(fd, &shim_private);
	pthread_mutex_unlock(&shim_fd_lock);
}

int shim_dup_own(int fd, int min)
{
	int own = real.fcntl(fd, F_DUPFD_CLOEXEC, min);

	protect(own);
	return own;
}

int shim_close_range(unsigned int lo, unsigned int hi, int flags)
{
	unsigned int i, from = lo;
	struct shim_file *f;

	if (shim_in_other_process() || (flags & CLOSE_RANGE_CLOEXEC) || lo > hi)
		return real.close_range(lo, hi, flags);
	for (i = lo; i <= hi && (int)i <= top_fd; i++) {
		f = uninstall(i);
		if (f == &shim_private) {
			if (from < i && real.close_range(from, i - 1, flags))
				return -1;
			from = i + 1;
		} else if (f) {
			real.close(i);
			shim_put(f);
		}
	}
	return from > hi ? 0 : real.close_range(from, hi, flags);
}

/* @newfd has become another name of @fd's file. */
int shim_dup(int fd, int newfd)
{
	struct shim_file *f;

	if (newfd < 0 || shim_in_other_process())
		return newfd;
	f = shim_get(fd);
	return f ? shim_install(newfd, f) : newfd;
}

int shim_dup_to(int fd, int to, int flags)
{
	struct shim_file *f, *old;
	int r;

	if (shim_in_other_process())
		return flags < 0 ? real.dup2(fd, to) : real.dup3(fd, to, flags);
	if (fd == to)
		return flags < 0 ? real.dup2(fd, to) : real.dup3(fd, to, flags);
	if (shim_peek(to) == &shim_private) {
		errno = EBUSY;
		return -1;
	}
	f = shim_get(fd);
	/* fails only when one of the two is no possible descriptor */
	r = flags < 0 ? real.dup2(fd, to) : real.dup3(fd, to, flags);
	if (r >= 0) {
		old = uninstall(to);
		if (f)
			shim_install(to, f);
		if (old)
			shim_put(old);
	} else if (f) {
		shim_put(f);
	}
	return r;
}

/**
 * shim_next - walk over the table
 * @fd: where to begin; set to the descriptor found
 * Return: a file with a reference, or NULL at the end.
 */
struct shim_file *shim_next(int *fd)
{
	struct shim_file *f;

	for (; *fd <= top_fd; ++*fd) {
		f = shim_get(*fd);
		if (f)
			return f;
	}
	return NULL;
}

/* Move a descriptor of our own out of the way and protect it. */
int shim_high_fd(int fd)
{
	int high = fd < HIGH_FD ? (int)real.fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD) : -1;

	if (high >= 0) {
		real.close(fd);
		fd = high;
	}
	protect(fd);
	return fd;
}

static void fork_child(void)
{
	struct shim_file *f;
	int fd;

	own_pid = getpid();
	for (fd = 0; fd <= top_fd; fd++) {
		f = shim_peek(fd);
		if (!f)
			continue;
		if (f == &shim_private) {
			/* copies in the child keep nothing alive that matters */
			table_set(fd, NULL);
			continue;
		}
		shim_list_init(&f->waiters);
		shim_list_init(&f->items);
		shim_list_init(&f->ready);
		shim_list_init(&f->watched);
		f->nr_watch = f->nr_items = 0;
		f->sleepers = f->nr_ready = 0;
		f->efd = -1;		/* the parent's */
		pthread_mutex_init(&f->lock, NULL);
		if (f->kind == SHIM_SOCK && f->s) {
			f->s = f->stash = NULL;
			f->inherited = true;
			if (f->state == SHIM_CONN)
				f->state = SHIM_INERT;
		}
	}
}

/* @stage: 0 before fork(), 1 behind it in the parent, 2 in the child. */
void shim_fd_fork(int stage)
{
	if (stage == 0) {
		pthread_mutex_lock(&shim_fd_lock);
		et_mutex_lock(&shim_ev_lock);
		return;
	}
	if (stage == 2) {
		et_mutex_init(&shim_ev_lock);
		pthread_mutex_init(&shim_fd_lock, NULL);
		fork_child();
		return;
	}
	et_mutex_unlock(&shim_ev_lock);
	pthread_mutex_unlock(&shim_fd_lock);
}
