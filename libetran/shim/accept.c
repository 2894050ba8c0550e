// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Listeners. An eTran listener is a kernel listener as well (not with
 * --require): what XDP lets pass, from this host itself or through another NIC,
 * the kernel accepts, and accept() hands out both kinds.
 *
 * The kernel's half is always non-blocking, whatever the program asked for:
 * accept() must not sleep in one of two queues.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "accept.h"
#include "conn.h"
#include "epoll.h"
#include "fd.h"
#include "life.h"
#include "real.h"
#include "sock.h"
#include "uapi/etran_ctl.h"
#include "wait.h"

static int fail(int err)
{
	errno = err;
	return -1;
}

/* eTran's half of listen(). Return: why there is none. */
static uint32_t start(struct shim_file *f, int fd, int backlog)
{
	uint32_t reason = ETRAN_R_NONE;
	struct sockaddr_in own;
	socklen_t n = sizeof(own);

	if (f->ipv6)
		return ETRAN_R_NOT_IPV4;
	reason = shim_open();
	if (reason)
		return reason;
	if (real.getsockname(fd, (void *)&own, &n))
		return ETRAN_R_UNSUPPORTED;
	if (ntohl(own.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
		return ETRAN_R_LOCAL;
	if (!own.sin_port) {
		own.sin_family = AF_INET;
		if (real.bind(fd, (void *)&own, sizeof(own)))
			return ETRAN_R_UNSUPPORTED;
	}
	if (etran_listen(fd, backlog, &f->s, &reason)) {
		f->s = NULL;
		return reason ? reason : ETRAN_R_UNSUPPORTED;
	}
	return ETRAN_R_NONE;
}

/**
 * shim_listen - listen()
 * With --require a listener that is not eTran's fails with EPROTONOSUPPORT.
 */
int shim_listen(struct shim_file *f, int fd, int backlog)
{
	uint32_t reason;
	int r;

	if (f->kind != SHIM_SOCK || f->state == SHIM_KERNEL)
		return real.listen(fd, backlog);
	if (f->state == SHIM_LISTEN)	/* a new backlog */
		return f->knl_listen ? real.listen(fd, backlog) : 0;
	if (f->state != SHIM_NEW)
		return fail(EINVAL);
	if (!shim_require) {
		r = real.listen(fd, backlog);
		if (r)
			return r;
	}
	pthread_mutex_lock(&f->lock);
	reason = start(f, fd, backlog);
	if (reason) {
		shim_kernel("listen", reason);
		if (!shim_require) {
			f->state = SHIM_KERNEL;
			shim_epoll_drop(f);
		}
		pthread_mutex_unlock(&f->lock);
		return shim_require ? fail(EPROTONOSUPPORT) : 0;
	}
	f->knl_listen = !shim_require;
	if (f->knl_listen)
		real.fcntl(fd, F_SETFL, real.fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
	f->state = SHIM_LISTEN;
	etran_set_user(f->s, f, shim_changed);
	shim_epoll_to_etran(f, f->knl_listen);
	shim_changed(f->s, f);
	pthread_mutex_unlock(&f->lock);
	return 0;
}

/* Give an accepted connection a descriptor, or keep it for the next call. */
static int adopt(struct shim_file *l, struct etran_sock *s, struct sockaddr *a,
		 socklen_t *n, int flags)
{
	struct shim_file *f = NULL;
	int fd, err;

	fd = real.socket(AF_INET, SOCK_STREAM | (flags & (SOCK_CLOEXEC | SOCK_NONBLOCK)), 0);
	if (fd >= 0)
		f = shim_file_new(SHIM_SOCK, shim_sock_release);
	if (!f) {
		err = fd < 0 ? errno : ENOMEM;
		if (fd >= 0)
			real.close(fd);
		l->stash = s;
		return fail(err);
	}
	f->nonblock = flags & SOCK_NONBLOCK;
	f->linger = l->linger;
	f->rcvtimeo = l->rcvtimeo;
	f->sndtimeo = l->sndtimeo;
	f->lowat = l->lowat;
	f->s = s;
	f->ss = SHIM_SS_CONNECTED;
	f->up = true;
	f->state = SHIM_CONN;
	etran_set_user(s, f, shim_changed);
	shim_install(fd, f);
	if (a && n)
		shim_getname(f, fd, a, n, true);
	return fd;
}

/* A connection that came past eTran: say why. */
static int from_kernel(int fd)
{
	struct sockaddr_in self, peer;
	socklen_t n = sizeof(self), m = sizeof(peer);

	if (!real.getsockname(fd, (void *)&self, &n) &&
	    !real.getpeername(fd, (void *)&peer, &m))
		shim_kernel("accept", self.sin_addr.s_addr == peer.sin_addr.s_addr ?
			    ETRAN_R_LOCAL : ETRAN_R_NO_ROUTE);
	return fd;
}

/* Both queues once. */
static int accept_once(struct shim_file *f, int fd, struct sockaddr *a,
		       socklen_t *n, int flags)
{
	struct etran_sock *s = NULL;
	int r;

	pthread_mutex_lock(&f->lock);
	s = f->stash;
	f->stash = NULL;
	if (!s && f->s && etran_accept(f->s, &s)) {
		etran_service();
		if (etran_accept(f->s, &s))
			s = NULL;
	}
	r = s ? adopt(f, s, a, n, flags) : fail(EAGAIN);
	pthread_mutex_unlock(&f->lock);
	if (s || !f->knl_listen)
		return r;
	r = real.accept4(fd, a, n, flags);
	return r < 0 || f->inherited ? r : from_kernel(r);
}

/**
 * shim_accept - accept() and accept4()
 */
int shim_accept(struct shim_file *f, int fd, struct sockaddr *a, socklen_t *n, int flags)
{
	struct pollfd fds[1 + SHIM_EXTRA_FDS];
	struct shim_waiter *w = NULL, stack;
	struct shim_wait_ent ent;
	struct shim_until u;
	struct timespec left;
	int r;

	if (f->kind != SHIM_SOCK || f->state != SHIM_LISTEN)
		return real.accept4(fd, a, n, flags);
	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return fail(EINVAL);
	if (a && n && (int)*n < 0)
		return fail(EINVAL);
	shim_until(&u, shim_ts_zero(&f->rcvtimeo) ? NULL : &f->rcvtimeo);
	for (;;) {
		r = f->shut ? fail(EINVAL) : accept_once(f, fd, a, n, flags);
		if (r >= 0 || errno != EAGAIN || f->nonblock)
			break;
		if (!w) {	/* look again, now that we would be told */
			w = shim_wait_begin(&stack);
			shim_wait_on(w, &ent, f);
			continue;
		}
		if (!shim_left(&u, &left)) {
			r = fail(EAGAIN);
			break;
		}
		fds[0] = (struct pollfd){ .fd = f->knl_listen ? fd : -1, .events = POLLIN };
		r = shim_wait_restart(w, fds, 1, &u);
		if (r < 0)
			break;
	}
	if (w) {
		int err = errno;

		shim_wait_off(&ent);
		shim_wait_end(w);
		errno = err;
	}
	return r;
}
