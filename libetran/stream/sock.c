// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The socket calls of libetran.h.
 *
 * Semantics are those of Linux TCP on a non-blocking socket. All functions take
 * the one lock, do their work in memory, and give the kernel one kick at the
 * end (in et_unlock()) if anything is to be sent. Fork: a child may call
 * everything, and everything fails, see etran_forked().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "libetran/ctl.h"
#include "libetran/service.h"
#include "rx.h"
#include "seg.h"
#include "tx.h"

#define LINGER_NS	60000000000ull	/* an orphan is given up after this */

static uint32_t why_not(void)
{
	return et_tn.forked ? ETRAN_R_FORK : ETRAN_R_NO_DAEMON;
}

static void set_reason(uint32_t *reason, uint32_t r)
{
	if (reason)
		*reason = r;
}

static struct etran_sock *new_for(int fd, uint8_t state)
{
	struct etran_sock *s = et_sock_new(state);
	socklen_t len = sizeof(s->self);

	if (s && getsockname(fd, (struct sockaddr *)&s->self, &len))
		memset(&s->self, 0, sizeof(s->self));
	return s;
}

ET_API int etran_connect(int fd, const struct sockaddr_in *dst,
			 struct etran_sock **out, uint32_t *reason)
{
	struct etran_ctl_msg m = { .type = ETRAN_CTL_CONNECT };
	struct etran_sock *s;
	int err;

	set_reason(reason, why_not());
	if (!et_usable())
		return -ENOTCONN;
	if (dst->sin_family != AF_INET) {
		set_reason(reason, ETRAN_R_NOT_IPV4);
		return -EAFNOSUPPORT;
	}
	et_lock();
	s = new_for(fd, ET_S_CONNECTING);
	if (!s) {
		et_unlock();
		set_reason(reason, ETRAN_R_UNSUPPORTED);
		return -ENOMEM;
	}
	s->peer = *dst;
	s->req = m.id = et_ctl_id();
	m.u.connect.daddr = dst->sin_addr.s_addr;
	m.u.connect.dport = dst->sin_port;
	err = et_ctl_send(&m, fd);
	if (err) {
		et_sock_free(s);
	} else {
		*out = s;
		set_reason(reason, ETRAN_R_NONE);
	}
	et_unlock();
	return err;
}

static int ask_listen(struct etran_sock *s, uint32_t *reason)
{
	struct etran_ctl_msg m = { .type = ETRAN_CTL_LISTEN, .id = et_ctl_id() };
	int err;

	m.u.listen.backlog = s->backlog;
	err = et_ctl_ask(&m, s->fd);
	if (err)
		return err;
	if (m.type == ETRAN_CTL_OK && m.u.listen.listener) {
		s->listener = m.u.listen.listener;
		return 0;
	}
	if (m.type == ETRAN_CTL_ERROR && m.u.error.reason < ETRAN_R_MAX)
		set_reason(reason, m.u.error.reason);
	return m.type == ETRAN_CTL_ERROR && m.u.error.err ? -(int)m.u.error.err : -EPROTO;
}

ET_API int etran_listen(int fd, int backlog, struct etran_sock **out, uint32_t *reason)
{
	struct etran_sock *s;
	int err = -ENOMEM;

	set_reason(reason, why_not());
	if (!et_usable())
		return -ENOTCONN;
	et_lock();
	s = new_for(fd, ET_S_LISTEN);
	if (!s)
		goto out;
	s->backlog = backlog > 0 ? backlog : 1;
	s->fd = et_fd_high(fcntl(fd, F_DUPFD_CLOEXEC, 0));
	err = s->fd < 0 ? -errno : ask_listen(s, reason);
	if (err) {
		et_sock_free(s);
	} else {
		*out = s;
		set_reason(reason, ETRAN_R_NONE);
	}
out:
	et_unlock();
	return err;
}

ET_API int etran_accept(struct etran_sock *l, struct etran_sock **out)
{
	struct etran_sock *s;

	if (!et_usable())
		return -ENOTCONN;
	if (l->state != ET_S_LISTEN)
		return -EINVAL;
	et_lock();
	if (!l->accept_head)
		et_ctl_read();
	s = l->accept_head;
	if (s) {
		l->accept_head = s->accept_next;
		if (!l->accept_head)
			l->accept_tail = &l->accept_head;
		s->accept_next = NULL;
		s->listener = 0;
		l->last_events = et_conn_events(l);
		*out = s;
	}
	et_unlock();
	return s ? 0 : -EAGAIN;
}

static int take_error(struct etran_sock *s)
{
	int err = s->err;

	s->err = 0;
	return err;
}

static ssize_t send_locked(struct etran_sock *s, const struct iovec *iov, int iovcnt)
{
	size_t n;

	if (s->state == ET_S_LISTEN)
		return -ENOTCONN;
	if (s->state == ET_S_CONNECTING)
		return -EAGAIN;
	if (s->err)
		return -take_error(s);
	if (s->wr_shut || s->state != ET_S_OPEN)
		return -EPIPE;
	if (s->tx_count > et_st.tx_limit / 4)
		et_conn_refresh(s);
	n = et_tx_append(s, iov, iovcnt);
	if (!n) {
		/* Short of frames? Perhaps some have come back. */
		et_frames_reap();
		et_refresh_all();
		if (s->state == ET_S_OPEN)
			n = et_tx_append(s, iov, iovcnt);
	}
	if (!n)
		s->last_events &= ~(EPOLLOUT | EPOLLWRNORM);
	return n ? (ssize_t)n : -EAGAIN;
}

static size_t iov_bytes(const struct iovec *iov, int iovcnt)
{
	size_t n = 0;

	while (iovcnt-- > 0)
		n += (iov++)->iov_len;
	return n;
}

ET_API ssize_t etran_send(struct etran_sock *s, const struct iovec *iov, int iovcnt,
			  int flags)
{
	ssize_t n;

	if (!et_usable())
		return -ENOTCONN;
	if (flags)
		return -EINVAL;
	if (!iov_bytes(iov, iovcnt))
		return 0;
	et_lock();
	n = send_locked(s, iov, iovcnt);
	et_unlock();
	return n;
}

static ssize_t recv_locked(struct etran_sock *s, const struct iovec *iov, int iovcnt,
			   bool peek)
{
	size_t n;

	if (s->state == ET_S_LISTEN)
		return -ENOTCONN;
	if (s->state == ET_S_CONNECTING)
		return -EAGAIN;
	if (s->rcv_end == s->rcv_read && s->state == ET_S_OPEN)
		et_rx_drain();
	n = et_seg_read(s, iov, iovcnt, peek);
	if (n) {
		if (s->rcv_end == s->rcv_read)
			s->last_events = et_conn_events(s);
		return n;
	}
	if (s->err)
		return -take_error(s);
	if (!s->gen)
		return -ENOTCONN;	/* the connect has failed */
	if (s->rd_shut || s->state == ET_S_ENDED || et_seg_eof(s))
		return 0;
	et_conn_refresh(s);
	return et_seg_eof(s) ? 0 : -EAGAIN;
}

ET_API ssize_t etran_recv(struct etran_sock *s, const struct iovec *iov, int iovcnt,
			  int flags)
{
	ssize_t n;

	if (!et_usable())
		return -ENOTCONN;
	if (flags & ~MSG_PEEK)
		return -EINVAL;
	if (!iov_bytes(iov, iovcnt))
		return 0;
	et_lock();
	n = recv_locked(s, iov, iovcnt, flags & MSG_PEEK);
	et_unlock();
	return n;
}

ET_API uint32_t etran_events(struct etran_sock *s)
{
	uint32_t ev;

	if (!et_usable())
		return EPOLLERR | EPOLLHUP;
	et_lock();
	ev = et_conn_look(s);
	s->last_events = ev;
	et_unlock();
	return ev;
}

ET_API bool etran_quiet(const struct etran_sock *s)
{
	return et_usable() && ET_READ(s->state) == ET_S_OPEN && !ET_READ(s->err) &&
	       !s->rd_shut && !s->wr_shut &&
	       ET_READ(s->rcv_end) == ET_READ(s->rcv_read) &&
	       ET_READ(s->rcv_end) < ET_READ(s->rcv_fin);
}

ET_API int etran_error(struct etran_sock *s)
{
	int err;

	if (!et_usable())
		return ENOTCONN;
	et_lock();
	err = take_error(s);
	et_unlock();
	return err;
}

ET_API uint32_t etran_sock_reason(const struct etran_sock *s)
{
	return et_usable() ? s->reason : why_not();
}

ET_API bool etran_connected(const struct etran_sock *s)
{
	return et_usable() && s->state == ET_S_OPEN;
}

ET_API size_t etran_inq(const struct etran_sock *s)
{
	size_t n;

	if (!et_usable())
		return 0;
	et_lock();
	n = s->rcv_end - s->rcv_read;
	et_unlock();
	return n;
}

ET_API size_t etran_outq(const struct etran_sock *s)
{
	struct etran_sock *w = (struct etran_sock *)s;
	size_t n = 0;

	if (!et_usable())
		return 0;
	et_lock();
	et_conn_refresh(w);
	if (s->snd_end > s->snd_una && s->state == ET_S_OPEN)
		n = s->snd_end - s->snd_una;
	et_unlock();
	return n;
}

ET_API void etran_names(const struct etran_sock *s, struct sockaddr_in *self,
			struct sockaddr_in *peer)
{
	if (self)
		*self = s->self;
	if (peer)
		*peer = s->peer;
}

ET_API int etran_shutdown(struct etran_sock *s, int how)
{
	int err = 0;

	if (!et_usable())
		return -ENOTCONN;
	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	et_lock();
	if (s->state != ET_S_OPEN) {
		err = -ENOTCONN;
		goto out;
	}
	if (how != SHUT_WR)
		s->rd_shut = true;
	if (how != SHUT_RD && !s->wr_shut) {
		s->wr_shut = true;
		et_tx_fin(s);
	}
	et_touch(s, false);
out:
	et_unlock();
	return err;
}

static void close_listener(struct etran_sock *l)
{
	struct etran_ctl_msg m = { .type = ETRAN_CTL_UNLISTEN, .id = et_ctl_id() };
	struct etran_sock *s;

	if (l->listener) {
		m.u.listen.listener = l->listener;
		et_ctl_send(&m, -1);
	}
	while ((s = l->accept_head)) {
		l->accept_head = s->accept_next;
		et_conn_abort(s);
		et_sock_free(s);
	}
	et_sock_free(l);
}

ET_API void etran_close(struct etran_sock *s, bool abort)
{
	if (!et_usable())
		return;
	et_lock();
	s->changed = NULL;
	if (s->state == ET_S_OPEN)
		et_rx_drain();		/* data that nobody will read? */
	if (s->state == ET_S_LISTEN) {
		close_listener(s);
	} else if (s->state == ET_S_ENDED) {
		et_sock_free(s);
	} else if (s->state == ET_S_OPEN && (abort || s->rcv_end > s->rcv_read)) {
		et_conn_abort(s);
		et_sock_free(s);
	} else {
		s->orphan = true;
		s->deadline = et_now() + LINGER_NS;
		et_tn.nr_orphans++;
		s->wr_shut = true;
		if (s->state == ET_S_OPEN)
			et_tx_fin(s);
		et_touch(s, false);
		et_thread_wake();
	}
	et_unlock();
}

ET_API void etran_set_user(struct etran_sock *s, void *user,
			   void (*changed)(struct etran_sock *s, void *user))
{
	if (!et_usable())
		return;
	et_lock();
	s->user = user;
	s->changed = changed;
	et_unlock();
}

ET_API void *etran_user(const struct etran_sock *s)
{
	return s->user;
}
