// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * poll() and select() over sets in which some sockets are eTran's.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "epoll_wait.h"
#include "fd.h"
#include "life.h"
#include "poll.h"
#include "real.h"
#include "sock.h"

#define SMALL		64	/* entries that need no malloc() */

struct set {
	struct pollfd *user;
	nfds_t n, nr_ours;
	struct shim_file **files;	/* of the n, NULL: the kernel's */
	struct shim_wait_ent *ents;
	struct pollfd *kfds;		/* n + SHIM_EXTRA_FDS */
	struct shim_waiter *w, stack;
};

static bool is_ours(int fd)
{
	struct shim_file *f = shim_peek(fd);

	if (!f)
		return false;
	if (f->kind == SHIM_EPOLL)
		return f->tag;
	return f->state >= SHIM_CONN;
}

bool shim_poll_has_ours(const struct pollfd *p, nfds_t n)
{
	nfds_t i;

	if (shim_forked)
		return false;
	for (i = 0; i < n; i++)
		if (is_ours(p[i].fd))
			return true;
	return false;
}

bool shim_select_has_ours(int n, const fd_set *r, const fd_set *w, const fd_set *e)
{
	int i;

	if (shim_forked)
		return false;
	for (i = 0; i < n && i < FD_SETSIZE; i++)
		if (shim_peek(i) && ((r && FD_ISSET(i, r)) || (w && FD_ISSET(i, w)) ||
				     (e && FD_ISSET(i, e))) && is_ours(i))
			return true;
	return false;
}

static int poll_bits(const struct shim_file *f, uint32_t ev, short want)
{
	if (ev & EPOLLIN)
		ev |= POLLRDNORM;
	if (ev & EPOLLOUT)
		ev |= POLLWRNORM;
	(void)f;
	return ev & (want | POLLERR | POLLHUP);
}

/* Which of eTran's have events? Return: how many. */
static int look(struct set *s)
{
	int ready = 0;
	nfds_t i;

	for (i = 0; i < s->n; i++) {
		struct shim_file *f = s->files[i];

		if (!f || f->kind == SHIM_EPOLL)
			continue;
		if (f->state == SHIM_KERNEL) {	/* etrand refused: the kernel's now */
			s->kfds[i].fd = s->user[i].fd;
			continue;
		}
		s->user[i].revents = poll_bits(f, shim_sock_events(f), s->user[i].events);
		/* a refused one becomes the kernel's while we look */
		if (f->state == SHIM_KERNEL) {
			s->kfds[i].fd = s->user[i].fd;
			s->user[i].revents = 0;
		}
		ready += !!s->user[i].revents;
	}
	return ready;
}

/* Ask the kernel about the rest. Return: how many have events. */
static int look_kernel(struct set *s, int r)
{
	int ready = 0;
	nfds_t i;

	for (i = 0; i < s->n; i++) {
		if (s->kfds[i].fd < 0)
			continue;
		if (s->files[i] && s->files[i]->state == SHIM_LISTEN) {
			if (!s->user[i].revents && r > 0 && s->kfds[i].revents)
				ready++;
			s->user[i].revents |= r > 0 ? s->kfds[i].revents : 0;
		} else {
			s->user[i].revents = r > 0 ? s->kfds[i].revents : 0;
			ready += !!s->user[i].revents;
		}
	}
	return ready;
}

static bool begin(struct set *s)
{
	nfds_t i;

	s->w = shim_wait_begin(&s->stack);
	for (i = 0; i < s->n; i++) {
		s->kfds[i] = s->user[i];
		s->kfds[i].revents = 0;
		s->user[i].revents = 0;
		s->files[i] = s->user[i].fd >= 0 ? shim_get(s->user[i].fd) : NULL;
		if (s->files[i] && !is_ours(s->user[i].fd)) {
			shim_put(s->files[i]);
			s->files[i] = NULL;
		}
		if (!s->files[i])
			continue;
		shim_wait_on(s->w, &s->ents[i], s->files[i]);
		if (s->files[i]->kind == SHIM_EPOLL)
			shim_epoll_settle(s->files[i]);
		else if (s->files[i]->state != SHIM_LISTEN || !s->files[i]->knl_listen)
			s->kfds[i].fd = -1;
	}
	return true;
}

static void end(struct set *s)
{
	int err = errno;
	nfds_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->files[i])
			continue;
		shim_wait_off(&s->ents[i]);
		shim_put(s->files[i]);
	}
	shim_wait_end(s->w);
	errno = err;
}

static void settle_nested(struct set *s)
{
	nfds_t i;

	for (i = 0; i < s->n; i++)
		if (s->files[i] && s->files[i]->kind == SHIM_EPOLL)
			shim_epoll_settle(s->files[i]);
}

/* The first look does not sleep; it finds what an idle process never misses. */
static int run(struct set *s, const struct shim_until *u, const sigset_t *mask)
{
	static const struct shim_until now = { .set = true };
	bool sleep = false, over;
	struct timespec left;
	int ready, r;

	for (;;) {
		etran_service();
		over = !shim_left(u, &left);
		ready = look(s);
		settle_nested(s);
		r = shim_wait(s->w, s->kfds, s->n, ready || over || !sleep ? &now : u, mask);
		if (r < 0)
			return -1;
		/* an instance of epoll may have woken us for eTran alone */
		settle_nested(s);
		if (sleep && r > 0)
			r = real.poll(s->kfds, s->n, 0);
		etran_service();
		ready = look(s);
		ready += look_kernel(s, r);
		if (ready || over)
			return ready;
		sleep = true;
	}
}

/**
 * shim_poll - poll() and ppoll()
 * Return: as poll().
 */
int shim_poll(struct pollfd *p, nfds_t n, const struct shim_until *u, const sigset_t *mask)
{
	struct shim_file *files[SMALL];
	struct shim_wait_ent ents[SMALL];
	struct pollfd kfds[SMALL + SHIM_EXTRA_FDS];
	struct set s = { .user = p, .n = n, .files = files, .ents = ents, .kfds = kfds };
	struct rlimit lim;
	void *mem = NULL;
	int r;

	if (n > SMALL) {
		if (getrlimit(RLIMIT_NOFILE, &lim) || n > lim.rlim_cur) {
			errno = EINVAL;
			return -1;
		}
		mem = malloc(n * (sizeof(*s.files) + sizeof(*s.ents) + sizeof(*s.kfds)) +
			     SHIM_EXTRA_FDS * sizeof(*s.kfds));
		if (!mem) {
			errno = ENOMEM;
			return -1;
		}
		s.files = mem;
		s.ents = (void *)(s.files + n);
		s.kfds = (void *)(s.ents + n);
	}
	begin(&s);
	r = run(&s, u, mask);
	end(&s);
	free(mem);
	return r;
}

static int to_poll(int n, const fd_set *r, const fd_set *w, const fd_set *e, struct pollfd *p)
{
	int i, k = 0;
	short ev;

	for (i = 0; i < n; i++) {
		ev = 0;
		if (r && FD_ISSET(i, r))
			ev |= POLLIN | POLLRDNORM | POLLRDBAND;
		if (w && FD_ISSET(i, w))
			ev |= POLLOUT | POLLWRNORM | POLLWRBAND;
		if (e && FD_ISSET(i, e))
			ev |= POLLPRI;
		if (ev)
			p[k++] = (struct pollfd){ .fd = i, .events = ev };
	}
	return k;
}

/**
 * shim_select - select() and pselect()
 * Return: as select().
 */
int shim_select(int n, fd_set *r, fd_set *w, fd_set *e, const struct shim_until *u,
		const sigset_t *mask)
{
	struct pollfd p[FD_SETSIZE];
	int i, k, got, bits = 0;
	short ev;

	if (n < 0) {
		errno = EINVAL;
		return -1;
	}
	k = to_poll(n < FD_SETSIZE ? n : FD_SETSIZE, r, w, e, p);
	got = shim_poll(p, k, u, mask);
	if (got < 0)
		return got;
	for (i = 0; i < k; i++)
		if (p[i].revents & POLLNVAL) {
			errno = EBADF;
			return -1;
		}
	for (i = 0; i < k; i++) {
		ev = p[i].revents;
		if (p[i].events & POLLIN) {
			if (ev & (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR))
				bits++;
			else
				FD_CLR(p[i].fd, r);
		}
		if (p[i].events & POLLOUT) {
			if (ev & (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR))
				bits++;
			else
				FD_CLR(p[i].fd, w);
		}
		if (p[i].events & POLLPRI) {
			if (ev & POLLPRI)
				bits++;
			else
				FD_CLR(p[i].fd, e);
		}
	}
	return bits;
}
