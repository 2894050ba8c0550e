// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * epoll: what is watched.
 *
 * The program's epoll descriptor is a real one. Descriptors that are none of
 * eTran's go to the kernel untouched, with the program's data. For an eTran
 * socket the shim keeps an item and puts those that may have events on the
 * instance's ready list; the first one also adds libetran's descriptors and an
 * eventfd to the kernel's instance, so that epoll_wait() sleeps in the kernel
 * on everything at once. Their events carry the address of an item of ours as
 * data and are never shown to the program.
 *
 * A socket may be added before it is connected: then both know it, and the
 * change of state moves it from one side to the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "epoll.h"
#include "fd.h"
#include "life.h"
#include "real.h"
#include "wait.h"

#define POOL_ITEMS	(1 << 19)
#define INPUT_BITS	(~(uint32_t)(EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP))

static struct shim_item *pool, *free_items;	/* shim_ev_lock */
static unsigned int pool_used;

static int fail(int err)
{
	errno = err;
	return -1;
}

static struct shim_item *item_new(enum shim_item_what what, struct shim_file *ep)
{
	struct shim_item *it = free_items;

	if (!pool) {
		void *p = mmap(NULL, POOL_ITEMS * sizeof(*pool), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			return NULL;
		pool = p;
	}
	if (it)
		free_items = it->next_free;
	else if (pool_used < POOL_ITEMS)
		it = &pool[pool_used++];
	else
		return NULL;
	it->what = what;
	it->kern = SHIM_KERN_NONE;
	it->queued = it->off = false;
	it->kev = 0;
	it->ep = ep;
	it->f = NULL;
	shim_list_init(&it->by_file);
	shim_list_init(&it->by_ep);
	shim_list_init(&it->ready);
	return it;
}

void shim_epoll_unqueue(struct shim_item *it)
{
	if (!it->queued)
		return;
	it->queued = false;
	it->ep->nr_ready--;
	shim_list_del(&it->ready);
}

static void item_free(struct shim_item *it)
{
	shim_epoll_unqueue(it);
	if (it->what == SHIM_ITEM_FILE) {
		if (it->f)
			atomic_fetch_sub(&it->f->nr_watch, 1);
		if (it->kern != SHIM_KERN_PLAIN)
			atomic_fetch_sub(&it->ep->nr_items, 1);
	}
	shim_list_del(&it->by_file);
	shim_list_del(&it->by_ep);
	it->what = SHIM_ITEM_FREE;
	it->gen++;
	it->next_free = free_items;
	free_items = it;
}

/* The item behind an event's data, NULL: the program's own. */
struct shim_item *shim_item_of(uint64_t tag)
{
	uint64_t off = tag - (uintptr_t)pool;

	if (!pool || tag < (uintptr_t)pool || off >= POOL_ITEMS * sizeof(*pool) ||
	    off % sizeof(*pool))
		return NULL;
	return &pool[off / sizeof(*pool)];
}

static int kernel_ctl(struct shim_item *it, int op)
{
	struct epoll_event ev = it->ev;

	if (it->kern == SHIM_KERN_TAG)
		ev.data.u64 = (uintptr_t)it;
	if (it->off)
		ev.events &= ~INPUT_BITS;
	return real.epoll_ctl(it->ep->fd, op, it->fd, &ev);
}

int shim_epoll_new(int fd)
{
	struct shim_file *ep;

	if (fd < 0 || shim_forked || shim_in_other_process())
		return fd;
	ep = shim_file_new(SHIM_EPOLL, shim_epoll_release);
	return ep ? shim_install(fd, ep) : fd;
}

/* Make epoll_wait() of an instance return, if anybody is in it. */
void shim_epoll_wake(struct shim_file *ep)
{
	uint64_t one = 1;

	if (ep->efd < 0 || ep->efd_set || (!ep->sleepers && !ep->nested))
		return;
	ep->efd_set = true;
	if (real.write(ep->efd, &one, sizeof(one)) < 0)
		ep->efd_set = false;
}

void shim_epoll_queue(struct shim_item *it)
{
	if (it->queued || it->off)
		return;
	it->queued = true;
	it->ep->nr_ready++;
	shim_list_add(&it->ready, &it->ep->ready);
	shim_epoll_wake(it->ep);
}

/* A socket may have events; shim_ev_lock is held. */
void shim_epoll_ready(struct shim_file *f)
{
	struct shim_list *pos;
	struct shim_item *it;

	shim_for_each(pos, &f->items) {
		it = shim_entry(pos, struct shim_item, by_file);
		if (it->kern != SHIM_KERN_PLAIN)
			shim_epoll_queue(it);
	}
}

static void add_tag(struct shim_file *ep, int fd, struct shim_item *it, uint32_t flags)
{
	struct epoll_event ev = { .events = EPOLLIN | flags, .data.u64 = (uintptr_t)it };

	if (fd < 0 || !real.epoll_ctl(ep->fd, EPOLL_CTL_ADD, fd, &ev))
		return;
	ev.events &= ~EPOLLEXCLUSIVE;	/* an instance cannot be watched that way */
	real.epoll_ctl(ep->fd, EPOLL_CTL_ADD, fd, &ev);
}

/*
 * Let the kernel's instance wake us for eTran. One of several threads that
 * sleep in different instances is enough: it tells the others. Packets wake only
 * instances with connections (@data): the one of a thread that merely accepts
 * would be the first to sleep, and would be woken for all of them.
 *
 * The AF_XDP sockets are watched for edges: to be asked whether it is readable
 * makes such a socket wake the driver for its TX ring, and one that was readable
 * would be asked again in the next epoll_wait(). What an edge tells of is taken
 * off the ring by the etran_service() that follows it, whoever calls that.
 */
static int arm(struct shim_file *ep, bool data)
{
	struct pollfd fds[SHIM_ETRAN_FDS];
	int n, i, err = 0;

	n = etran_pollfds(fds, SHIM_ETRAN_FDS);
	et_mutex_lock(&shim_ev_lock);
	if (!ep->tag) {
		ep->tag = item_new(SHIM_ITEM_ETRAN, ep);
		ep->wake = item_new(SHIM_ITEM_WAKE, ep);
		et_mutex_unlock(&shim_ev_lock);
		i = shim_high_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
		et_mutex_lock(&shim_ev_lock);
		ep->efd = i;
		if (!ep->tag || !ep->wake || ep->efd < 0)
			err = -1;
		add_tag(ep, ep->efd, ep->wake, 0);
		for (i = 0; i < n && i < SHIM_PACKET_FDS; i++)
			add_tag(ep, fds[i].fd, ep->tag, EPOLLEXCLUSIVE);
		ep->ctl_fd = n > 0 ? fds[0].fd : -1;
		if (!shim_list_empty(&ep->ready))
			shim_epoll_wake(ep);
	}
	if (data && !ep->data) {
		ep->data = true;
		for (i = SHIM_PACKET_FDS; i < n; i++)
			add_tag(ep, fds[i].fd, ep->tag, EPOLLEXCLUSIVE | EPOLLET);
	}
	et_mutex_unlock(&shim_ev_lock);
	return err;
}

static bool armed(const struct shim_file *ep, bool data)
{
	return ep->tag && (ep->data || !data);
}

/* etrand's socket is another one after etrand was restarted. */
void shim_epoll_ctl_fd(struct shim_file *ep, int epfd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct pollfd pfd = { .fd = -1 };

	if (etran_pollfds(&pfd, 1) < 1 || pfd.fd == ep->ctl_fd)
		return;
	ep->ctl_fd = pfd.fd;
	ev.data.u64 = (uintptr_t)ep->tag;
	if (pfd.fd >= 0)
		real.epoll_ctl(epfd, EPOLL_CTL_ADD, pfd.fd, &ev);
}

static struct shim_item *find(struct shim_file *ep, struct shim_file *f, int fd)
{
	struct shim_list *pos;
	struct shim_item *it;

	shim_for_each(pos, &f->items) {
		it = shim_entry(pos, struct shim_item, by_file);
		if (it->ep == ep && it->fd == fd)
			return it;
	}
	return NULL;
}

static int ctl_add(struct shim_file *ep, struct shim_file *f, int fd, const struct epoll_event *ev)
{
	struct shim_item *it;

	if (find(ep, f, fd))
		return fail(EEXIST);
	it = item_new(SHIM_ITEM_FILE, ep);
	if (!it)
		return fail(ENOMEM);
	it->fd = fd;
	it->ev = *ev;
	if (f->kind == SHIM_EPOLL || (f->state == SHIM_LISTEN && f->knl_listen))
		it->kern = SHIM_KERN_TAG;
	else if (f->state == SHIM_NEW)
		it->kern = SHIM_KERN_PLAIN;
	it->f = f;
	atomic_fetch_add(&f->nr_watch, 1);
	if (it->kern != SHIM_KERN_PLAIN)
		atomic_fetch_add(&ep->nr_items, 1);
	if (it->kern != SHIM_KERN_NONE && kernel_ctl(it, EPOLL_CTL_ADD)) {
		item_free(it);
		return -1;
	}
	shim_list_add(&it->by_file, &f->items);
	shim_list_add(&it->by_ep, &ep->watched);
	if (it->kern != SHIM_KERN_PLAIN)
		shim_epoll_queue(it);
	return 0;
}

static int ctl_locked(struct shim_file *ep, int op, struct shim_file *f, int fd,
		      const struct epoll_event *ev)
{
	struct shim_item *it;

	if (op == EPOLL_CTL_ADD)
		return ctl_add(ep, f, fd, ev);
	it = find(ep, f, fd);
	if (!it)
		return fail(ENOENT);
	if (op == EPOLL_CTL_MOD) {
		if ((ev->events | it->ev.events) & EPOLLEXCLUSIVE)
			return fail(EINVAL);
		it->ev = *ev;
		it->off = false;
		if (it->kern != SHIM_KERN_NONE && kernel_ctl(it, op))
			return -1;
		if (it->kern != SHIM_KERN_PLAIN)
			shim_epoll_queue(it);
		return 0;
	}
	if (it->kern != SHIM_KERN_NONE)
		kernel_ctl(it, op);
	item_free(it);
	return 0;
}

/* An instance that we did not see being made: is it one? */
static struct shim_file *adopt(int epfd, int fd)
{
	struct epoll_event ev = { 0 };

	if (!real.epoll_ctl(epfd, EPOLL_CTL_DEL, fd, &ev) || errno != ENOENT)
		return NULL;
	shim_epoll_new(epfd);
	return shim_get(epfd);
}

/* Change what an instance watches; the socket's state must not change meanwhile. */
static int ctl_ours(struct shim_file *ep, int epfd, int op, struct shim_file *f, int fd,
		    struct epoll_event *ev)
{
	/* an established connection never becomes the kernel's */
	bool fixed = f->kind == SHIM_SOCK && f->state == SHIM_CONN && shim_is_up(f);
	int r = -1;
	bool data;

	if (!fixed)
		pthread_mutex_lock(&f->lock);
	data = f->kind == SHIM_SOCK && f->state == SHIM_CONN;
	if (f->kind == SHIM_SOCK && f->state >= SHIM_CONN && !armed(ep, data) &&
	    arm(ep, data)) {
		errno = EMFILE;
	} else if (f->state == SHIM_KERNEL) {
		r = real.epoll_ctl(epfd, op, fd, ev);
	} else {
		et_mutex_lock(&shim_ev_lock);
		r = ctl_locked(ep, op, f, fd, ev);
		et_mutex_unlock(&shim_ev_lock);
	}
	if (!fixed)
		pthread_mutex_unlock(&f->lock);
	return r;
}

/**
 * shim_epoll_ctl - epoll_ctl()
 */
int shim_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev)
{
	struct shim_file *f = shim_get(fd), *ep = NULL;
	bool mine = f && !shim_forked && (f->kind == SHIM_EPOLL ||
		(f->state != SHIM_KERNEL && f->state != SHIM_INERT));
	int r;

	if (mine)
		ep = shim_get(epfd);
	if (mine && !ep && f->kind == SHIM_SOCK && f->state >= SHIM_CONN)
		ep = adopt(epfd, fd);
	if (!ep || ep->kind != SHIM_EPOLL || ep == f ||
	    op < EPOLL_CTL_ADD || op > EPOLL_CTL_MOD) {
		r = real.epoll_ctl(epfd, op, fd, ev);
		goto out;
	}
	r = -1;
	if (op != EPOLL_CTL_DEL && !ev) {
		errno = EFAULT;
		goto out;
	}
	if (f->kind == SHIM_EPOLL && op == EPOLL_CTL_ADD) {
		et_mutex_lock(&shim_ev_lock);
		f->nested = true;
		if (!shim_list_empty(&f->ready))
			shim_epoll_wake(f);
		et_mutex_unlock(&shim_ev_lock);
	}
	r = ctl_ours(ep, epfd, op, f, fd, ev);
out:
	if (f)
		shim_put(f);
	if (ep)
		shim_put(ep);
	return r;
}

/* connect() or listen() made a socket eTran's; its lock is held. */
void shim_epoll_to_etran(struct shim_file *f, bool keep_kernel)
{
	struct shim_list *pos;
	struct shim_item *it;
	struct shim_file *ep;

	et_mutex_lock(&shim_ev_lock);
again:
	shim_for_each(pos, &f->items) {
		it = shim_entry(pos, struct shim_item, by_file);
		if (it->kern != SHIM_KERN_PLAIN)
			continue;
		ep = it->ep;
		if (keep_kernel) {
			it->kern = SHIM_KERN_TAG;
			kernel_ctl(it, EPOLL_CTL_MOD);
		} else {
			kernel_ctl(it, EPOLL_CTL_DEL);
			it->kern = SHIM_KERN_NONE;
		}
		atomic_fetch_add(&ep->nr_items, 1);
		shim_epoll_queue(it);
		if (!armed(ep, !keep_kernel) && atomic_fetch_add(&ep->ref, 1) > 0) {
			et_mutex_unlock(&shim_ev_lock);
			arm(ep, !keep_kernel);
			shim_put(ep);
			et_mutex_lock(&shim_ev_lock);
			goto again;
		}
	}
	et_mutex_unlock(&shim_ev_lock);
}

/* The other way, in state KERNEL for good; the socket's lock is held. */
void shim_epoll_to_kernel(struct shim_file *f)
{
	struct shim_list *pos, *next;
	struct shim_item *it;
	int op;

	et_mutex_lock(&shim_ev_lock);
	for (pos = f->items.next; pos != &f->items; pos = next) {
		next = pos->next;
		it = shim_entry(pos, struct shim_item, by_file);
		if (it->kern != SHIM_KERN_PLAIN) {
			op = it->kern == SHIM_KERN_TAG ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
			it->kern = SHIM_KERN_PLAIN;
			kernel_ctl(it, op);
			atomic_fetch_sub(&it->ep->nr_items, 1);
			shim_epoll_unqueue(it);
		}
		if (f->state == SHIM_KERNEL)
			item_free(it);
	}
	et_mutex_unlock(&shim_ev_lock);
}

/* Forget a socket that is closed, or that the kernel alone looks after. */
void shim_epoll_drop(struct shim_file *f)
{
	et_mutex_lock(&shim_ev_lock);
	while (!shim_list_empty(&f->items))
		item_free(shim_entry(f->items.next, struct shim_item, by_file));
	et_mutex_unlock(&shim_ev_lock);
}

/* The instance is closed. */
void shim_epoll_release(struct shim_file *ep)
{
	int efd;

	shim_epoll_drop(ep);	/* it may be watched itself */
	et_mutex_lock(&shim_ev_lock);
	while (!shim_list_empty(&ep->watched))
		item_free(shim_entry(ep->watched.next, struct shim_item, by_ep));
	if (ep->wake)
		item_free(ep->wake);
	if (ep->tag)
		item_free(ep->tag);
	ep->wake = ep->tag = NULL;
	efd = ep->efd;
	ep->efd = -1;
	et_mutex_unlock(&shim_ev_lock);
	if (efd >= 0) {
		atomic_store(&shim_fds[efd], NULL);
		real.close(efd);
	}
}
