// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * epoll: waiting.
 *
 * Events of eTran sockets are computed when they are asked for, as the kernel
 * does: an item on the ready list only may have some. Level-triggered items go
 * back to the end of the list when they had.
 */
#include <errno.h>
#include <limits.h>

#include "cork.h"
#include "epoll.h"
#include "epoll_wait.h"
#include "fd.h"
#include "life.h"
#include "real.h"
#include "sock.h"

#define BATCH		32
#define KERNEL_EVERY	8	/* calls; in the others eTran's events suffice */

struct probe {
	struct shim_item *it;
	struct shim_file *f;	/* with a reference */
	uint32_t gen, kev, ev;
};

/* @kev: the kernel half of a listener had something; has it still? */
static uint32_t file_events(struct shim_file *f, uint32_t kev)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };
	uint32_t ev;

	if (f->kind == SHIM_EPOLL) {
		shim_epoll_settle(f);
		return real.poll(&p, 1, 0) > 0 ? EPOLLIN | EPOLLRDNORM : 0;
	}
	ev = shim_sock_events(f);
	if (kev && real.poll(&p, 1, 0) > 0)
		ev |= p.revents;
	if (ev & EPOLLIN)
		ev |= EPOLLRDNORM;
	if (ev & EPOLLOUT)
		ev |= EPOLLWRNORM;
	return ev;
}

/*
 * A level-triggered item is looked at once more after the program has read all:
 * seen in a few instructions. If something arrives at the same time, then who
 * says so waits for shim_ev_lock and puts the item back on the list.
 */
static bool quiet(const struct shim_item *it)
{
	const struct shim_file *f = it->f;

	return f->up && f->state == SHIM_CONN && !f->err && !it->kev &&
	       !(it->ev.events & EPOLLOUT) && etran_quiet(f->s);
}

/*
 * Take up to @max items off the ready list, looking at *@left at most;
 * shim_ev_lock is held.
 */
static int pop(struct shim_file *ep, struct probe *p, int max, int *left)
{
	struct shim_item *it;
	int n = 0, ref;

	while (n < max && *left > 0 && !shim_list_empty(&ep->ready)) {
		it = shim_entry(ep->ready.next, struct shim_item, ready);
		shim_epoll_unqueue(it);
		(*left)--;
		if (it->off || quiet(it))
			continue;
		ref = atomic_load(&it->f->ref);
		while (ref > 0)
			if (atomic_compare_exchange_weak(&it->f->ref, &ref, ref + 1))
				break;
		if (ref <= 0)
			continue;	/* being closed */
		p[n++] = (struct probe){ .it = it, .f = it->f, .gen = it->gen, .kev = it->kev };
		it->kev = 0;
	}
	return n;
}

/* Report one item; shim_ev_lock is held. Return: 1 if it had events. */
static int report(const struct probe *p, struct epoll_event *out, bool peek)
{
	struct shim_item *it = p->it;
	uint32_t ev;

	if (it->what != SHIM_ITEM_FILE || it->gen != p->gen || it->off)
		return 0;
	ev = p->ev & (it->ev.events | EPOLLERR | EPOLLHUP);
	ev &= ~(EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP);
	if (!ev)
		return 0;
	if (peek) {
		it->kev |= p->kev;
		shim_epoll_queue(it);
		return 1;
	}
	out->events = ev;
	out->data = it->ev.data;
	if (it->ev.events & EPOLLONESHOT) {
		struct epoll_event none = { .events = EPOLLONESHOT,
					    .data.u64 = (uintptr_t)it };

		it->off = true;
		if (it->kern == SHIM_KERN_TAG)
			real.epoll_ctl(it->ep->fd, EPOLL_CTL_MOD, it->fd, &none);
	} else if (!(it->ev.events & EPOLLET)) {
		shim_epoll_queue(it);
	}
	return 1;
}

/*
 * Collect events of the ready list as it is now. @out NULL: only find out
 * whether there are any, and drop what has none.
 */
static int harvest(struct shim_file *ep, struct epoll_event *out, int max)
{
	struct probe p[BATCH];
	int n = 0, k, i, left;
	bool peek = !out;

	et_mutex_lock(&shim_ev_lock);
	left = ep->nr_ready;	/* what is queued again has had its turn */
	while (n < max && left > 0 && !shim_list_empty(&ep->ready)) {
		k = pop(ep, p, max - n < BATCH ? max - n : BATCH, &left);
		if (!k)
			break;
		et_mutex_unlock(&shim_ev_lock);
		for (i = 0; i < k; i++)
			p[i].ev = file_events(p[i].f, p[i].kev);
		et_mutex_lock(&shim_ev_lock);
		for (i = 0; i < k; i++)
			n += report(&p[i], peek ? NULL : out + n, peek);
		et_mutex_unlock(&shim_ev_lock);
		for (i = 0; i < k; i++)
			shim_put(p[i].f);
		et_mutex_lock(&shim_ev_lock);
	}
	et_mutex_unlock(&shim_ev_lock);
	return n;
}

static void clear_efd(struct shim_file *ep)
{
	uint64_t count;

	if (ep->efd_set && real.read(ep->efd, &count, sizeof(count)) > 0)
		ep->efd_set = false;
}

/* Make the instance's readiness, as the kernel sees it, the true one. */
void shim_epoll_settle(struct shim_file *ep)
{
	int n;

	if (!ep->tag || shim_forked)
		return;
	etran_service();
	n = harvest(ep, NULL, INT_MAX);
	et_mutex_lock(&shim_ev_lock);
	ep->nested = true;
	if (n)
		shim_epoll_wake(ep);
	else if (shim_list_empty(&ep->ready))
		clear_efd(ep);
	et_mutex_unlock(&shim_ev_lock);
}

/* Take our own events out of what the kernel gave. Return: how many remain. */
static int filter(struct shim_file *ep, struct epoll_event *ev, int n, bool *ours)
{
	struct shim_item *it;
	int i, k = 0;

	if (n <= 0)
		return n;
	for (i = 0; i < n; i++) {
		it = shim_item_of(ev[i].data.u64);
		if (!it) {
			ev[k++] = ev[i];
			continue;
		}
		*ours = true;
		et_mutex_lock(&shim_ev_lock);
		if (it->what == SHIM_ITEM_WAKE && it->ep == ep) {
			clear_efd(ep);
		} else if (it->what == SHIM_ITEM_FILE && it->ep == ep) {
			it->kev |= ev[i].events;
			if (it->f->kind == SHIM_EPOLL)
				it->kev = 0;	/* asked again, when settled */
			shim_epoll_queue(it);
		}
		et_mutex_unlock(&shim_ev_lock);
	}
	return k;
}

static int left_ms(const struct shim_until *u)
{
	struct timespec left;

	if (!u->set)
		return -1;
	if (!shim_left(u, &left))
		return 0;
	if (left.tv_sec >= INT_MAX / 1000)
		return INT_MAX;
	return left.tv_sec * 1000 + (left.tv_nsec + 999999) / 1000000;
}

/* Ask the kernel; sleep only if nothing of eTran's is ready. */
static int kernel_wait(struct shim_file *ep, int epfd, struct epoll_event *ev, int max,
		       int ms, const sigset_t *mask)
{
	bool sleeps = false;
	int r, err;

	if (ms && ep->tag)
		shim_epoll_ctl_fd(ep, epfd);
	et_mutex_lock(&shim_ev_lock);
	if (!shim_list_empty(&ep->ready))
		ms = 0;
	if (ms) {
		ep->sleepers++;
		sleeps = true;
	}
	et_mutex_unlock(&shim_ev_lock);
	r = real.epoll_pwait(epfd, ev, max, ms, mask);
	if (sleeps) {
		err = errno;
		et_mutex_lock(&shim_ev_lock);
		ep->sleepers--;
		et_mutex_unlock(&shim_ev_lock);
		errno = err;
	}
	return r;
}

/* What we leave behind may be for another thread. */
static int done(struct shim_file *ep, int n)
{
	et_mutex_lock(&shim_ev_lock);
	if (!shim_list_empty(&ep->ready))
		shim_epoll_wake(ep);
	et_mutex_unlock(&shim_ev_lock);
	shim_cork(n);
	return n;
}

/**
 * shim_epoll_wait - epoll_wait() and its relatives
 */
int shim_epoll_wait(struct shim_file *ep, int epfd, struct epoll_event *ev, int max,
		    const struct shim_until *u, const sigset_t *mask)
{
	bool ours = false, kernel_first, over;
	int n, r, ms;

	shim_uncork();
	if (ep->kind != SHIM_EPOLL || max <= 0 || !ev || shim_forked)
		return real.epoll_pwait(epfd, ev, max, left_ms(u), mask);
	if (!atomic_load(&ep->nr_items)) {	/* all the kernel's, until now */
		r = kernel_wait(ep, epfd, ev, max, left_ms(u), mask);
		n = filter(ep, ev, r, &ours);
		if (n && ours)
			etran_service();	/* the edge is not told again */
		if (n || !ours)
			return n;
	}
	for (;;) {
		etran_service();
		kernel_first = !(++ep->round % KERNEL_EVERY);
		n = kernel_first ? 0 : harvest(ep, ev, max);
		if (n)
			return done(ep, n);
		ms = left_ms(u);
		over = !ms;
		r = kernel_wait(ep, epfd, ev, max, ms, mask);
		if (r < 0)
			return -1;
		ours = false;
		n = filter(ep, ev, r, &ours);
		if (ours)
			etran_service();
		if (n < max)
			n += harvest(ep, ev + n, max - n);
		if (n || over)
			return done(ep, n);
	}
}
