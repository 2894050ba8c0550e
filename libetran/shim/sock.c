// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Sockets: what poll() would say of one, who is told that it changed, a call
 * that blocks for it, and its end.
 */
#include <errno.h>

#include "epoll.h"
#include "fd.h"
#include "life.h"
#include "real.h"
#include "sock.h"
#include "uapi/etran_ctl.h"
#include "wait.h"

/*
 * libetran says that etran_events() changed, or that there is more of the
 * same. Its lock is held: note it and go.
 */
void shim_changed(struct etran_sock *s, void *user)
{
	struct shim_file *f = user;

	(void)s;
	if (!f || atomic_load(&f->nr_watch) <= 0)
		return;
	et_mutex_lock(&shim_ev_lock);
	shim_epoll_ready(f);
	shim_wake_waiters(f);
	et_mutex_unlock(&shim_ev_lock);
}

/**
 * shim_sock_events - what poll() would say of a socket
 * Of a listener only eTran's half.
 */
uint32_t shim_sock_events(struct shim_file *f)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI };
	uint32_t ev;

	if (f->state == SHIM_CONN && (shim_is_up(f) || !shim_check_refused(f))) {
		ev = etran_events(f->s);
		if (f->ss == SHIM_SS_CONNECTING && !(ev & (EPOLLERR | EPOLLHUP)) &&
		    !shim_is_up(f))
			return 0;
		if (f->lowat > 1 && ev & EPOLLIN &&
		    !(ev & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) &&
		    etran_inq(f->s) < (size_t)f->lowat)
			ev &= ~EPOLLIN;
		if (f->err)
			ev |= EPOLLERR;
		return ev & (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	}
	if (f->state == SHIM_LISTEN) {
		if (f->shut)
			return EPOLLIN | EPOLLHUP | EPOLLRDHUP;
		if (f->stash)
			return EPOLLIN;
		return f->s ? etran_events(f->s) & EPOLLIN : 0;
	}
	if (f->state == SHIM_INERT)
		return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
	return real.poll(&p, 1, 0) > 0 ? p.revents : 0;
}

/**
 * shim_sock_wait - block a socket call
 * @want: EPOLL* to wait for; errors and hang-up always count
 * @timeo: SO_RCVTIMEO or SO_SNDTIMEO, 0 is forever
 * Return: 0, -EAGAIN when the time is over, -EINTR.
 */
int shim_sock_wait(struct shim_file *f, uint32_t want, const struct timespec *timeo)
{
	struct pollfd fds[SHIM_EXTRA_FDS];
	struct shim_waiter *w, stack;
	struct shim_wait_ent ent;
	struct shim_until u;
	struct timespec left;
	int r;

	shim_until(&u, shim_ts_zero(timeo) ? NULL : timeo);
	w = shim_wait_begin(&stack);
	shim_wait_on(w, &ent, f);
	for (;;) {
		etran_service();
		r = 0;
		if (f->state != SHIM_CONN ||
		    shim_sock_events(f) & (want | EPOLLERR | EPOLLHUP))
			break;
		r = -EAGAIN;
		if (!shim_left(&u, &left))
			break;
		if (shim_wait_restart(w, fds, 0, &u) < 0) {
			r = -errno;
			break;
		}
	}
	shim_wait_off(&ent);
	shim_wait_end(w);
	return r;
}

/**
 * shim_check_refused - did etrand say no to a connect() under way?
 * If so the kernel takes the socket over, and the program sees nothing of it.
 * Return: true when that happened. A blocking connect() calls the kernel itself.
 */
bool shim_check_refused(struct shim_file *f)
{
	uint32_t reason;
	bool gone = false;

	if (f->ss != SHIM_SS_CONNECTING || f->refused || f->state != SHIM_CONN)
		return false;
	reason = etran_sock_reason(f->s);
	if (reason == ETRAN_R_NONE)
		return false;
	pthread_mutex_lock(&f->lock);
	if (f->state == SHIM_CONN && !f->refused) {
		shim_kernel("connect", reason);
		if (shim_require) {
			f->refused = ECONNREFUSED;
		} else {
			gone = true;
			etran_set_user(f->s, NULL, NULL);
			if (f->nonblock &&
			    real.connect(f->fd, (void *)&f->peer, sizeof(f->peer)) &&
			    errno != EINPROGRESS)
				f->err = errno;
			f->state = SHIM_KERNEL;
			shim_epoll_to_kernel(f);
			et_mutex_lock(&shim_ev_lock);
			shim_wake_waiters(f);
			et_mutex_unlock(&shim_ev_lock);
		}
	}
	pthread_mutex_unlock(&f->lock);
	return gone || f->state == SHIM_KERNEL;
}

/* SO_LINGER: close() waits until the peer has everything, or not any longer. */
static void linger(struct shim_file *f)
{
	struct timespec left, max = { .tv_sec = f->linger.l_linger };
	struct pollfd fds[SHIM_EXTRA_FDS];
	struct shim_waiter *w, stack;
	struct shim_until u;

	etran_shutdown(f->s, SHUT_WR);
	shim_until(&u, &max);
	w = shim_wait_begin(&stack);
	for (;;) {
		etran_service();
		if (!etran_outq(f->s) || !shim_left(&u, &left))
			break;
		/* acknowledgements alone wake nobody: look every 10 ms */
		shim_until(&u, &left);
		if (left.tv_sec || left.tv_nsec > 10000000) {
			struct shim_until slice;

			shim_until(&slice, &(struct timespec){ .tv_nsec = 10000000 });
			shim_wait(w, fds, 0, &slice, NULL);
		} else {
			shim_wait(w, fds, 0, &u, NULL);
		}
	}
	shim_wait_end(w);
}

/* The last descriptor and the last call are gone. */
void shim_sock_release(struct shim_file *f)
{
	bool reset = f->linger.l_onoff && !f->linger.l_linger;

	shim_epoll_drop(f);
	if (shim_forked)
		return;
	if (f->stash)
		etran_close(f->stash, true);
	f->stash = NULL;
	if (!f->s)
		return;
	etran_set_user(f->s, NULL, NULL);
	if (f->state == SHIM_CONN && f->linger.l_onoff && !reset && etran_connected(f->s))
		linger(f);
	etran_close(f->s, reset);
	f->s = NULL;
}
