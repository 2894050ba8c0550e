// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Sockets: who carries them, and the life of a connection.
 *
 *   NEW -> KERNEL		connect() or listen() that eTran cannot carry
 *   NEW -> CONN -> KERNEL	etrand refused while connecting
 *   NEW -> CONN		connected, or failed as a TCP connection fails
 *   NEW -> LISTEN
 *   CONN -> INERT		in a forked child
 *
 * shim_file.s is set before the state becomes CONN or LISTEN and stays until
 * the last reference is gone, so a call that saw the state may use it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "conn.h"
#include "epoll.h"
#include "fd.h"
#include "life.h"
#include "real.h"
#include "sock.h"
#include "tls.h"
#include "uapi/etran_ctl.h"

static int fail(int err)
{
	errno = err;
	return -1;
}

int shim_socket(int domain, int type, int proto)
{
	int fd = real.socket(domain, type, proto);
	struct shim_file *f;

	if (fd < 0 || (domain != AF_INET && domain != AF_INET6) ||
	    (type & 0xf) != SOCK_STREAM || (proto && proto != IPPROTO_TCP) ||
	    shim_forked || shim_in_other_process())
		return fd;
	f = shim_file_new(SHIM_SOCK, shim_sock_release);
	if (!f)
		return fd;
	f->nonblock = type & SOCK_NONBLOCK;
	f->ipv6 = domain == AF_INET6;
	return shim_install(fd, f);
}

/* The address that the kernel would send from, or a reason to leave it alone. */
static uint32_t ask_source(const struct sockaddr_in *dst, struct sockaddr_in *src)
{
	socklen_t n = sizeof(*src);
	uint32_t reason = ETRAN_R_NO_ROUTE;
	int fd;

	fd = real.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ETRAN_R_UNSUPPORTED;
	if (!real.connect(fd, (const void *)dst, sizeof(*dst)) &&
	    !real.getsockname(fd, (void *)src, &n)) {
		reason = ETRAN_R_NONE;
		if (src->sin_addr.s_addr == dst->sin_addr.s_addr)
			reason = ETRAN_R_LOCAL;
	}
	real.close(fd);
	src->sin_port = 0;
	return reason;
}

/*
 * Programs that open many connections open them to one place, and asking takes
 * four system calls. An answer is good for a moment: etrand looks at the route
 * and at the address once more.
 */
static uint32_t route_source(const struct sockaddr_in *dst, struct sockaddr_in *src)
{
	static SHIM_TLS struct {
		struct in_addr to, from;
		time_t until;
	} last;
	uint32_t d = ntohl(dst->sin_addr.s_addr), reason;
	struct timespec now;

	if (d >> 24 == IN_LOOPBACKNET || d == INADDR_ANY)
		return ETRAN_R_LOCAL;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (last.to.s_addr == dst->sin_addr.s_addr && now.tv_sec < last.until) {
		src->sin_addr = last.from;
		return ETRAN_R_NONE;
	}
	reason = ask_source(dst, src);
	if (!reason) {
		last.to = dst->sin_addr;
		last.from = src->sin_addr;
		last.until = now.tv_sec + 1;
	}
	return reason;
}

/* Every eTran connection has a kernel socket that holds its address and port. */
static uint32_t ensure_bound(int fd, const struct sockaddr_in *src)
{
	struct sockaddr_in own;
	socklen_t n = sizeof(own);

	if (real.getsockname(fd, (void *)&own, &n))
		return ETRAN_R_UNSUPPORTED;
	if (!own.sin_port) {
		if (own.sin_addr.s_addr == INADDR_ANY)
			own = *src;
		if (real.bind(fd, (const void *)&own, sizeof(own)))
			return ETRAN_R_UNSUPPORTED;
		n = sizeof(own);
		if (real.getsockname(fd, (void *)&own, &n) || !own.sin_port)
			return ETRAN_R_UNSUPPORTED;
	}
	return own.sin_addr.s_addr == INADDR_ANY ? ETRAN_R_UNSUPPORTED : ETRAN_R_NONE;
}

/* Ask etrand for the connection. Return: why it will not be eTran's. */
static uint32_t start(struct shim_file *f, int fd, const struct sockaddr_in *dst)
{
	uint32_t reason = ETRAN_R_NONE;
	struct sockaddr_in src = { .sin_family = AF_INET };
	struct etran_sock *s;

	reason = shim_open();
	if (reason)
		return reason;
	reason = route_source(dst, &src);
	if (reason)
		return reason;
	reason = ensure_bound(fd, &src);
	if (reason)
		return reason;
	if (etran_connect(fd, dst, &s, &reason))
		return reason ? reason : ETRAN_R_UNSUPPORTED;
	f->s = s;
	f->peer = *dst;
	f->refused = f->err = 0;
	f->ss = SHIM_SS_CONNECTING;
	f->up = false;
	f->state = SHIM_CONN;
	etran_set_user(s, f, shim_changed);
	shim_epoll_to_etran(f, false);
	shim_changed(s, f);
	return ETRAN_R_NONE;
}

/* connect() has an outcome. */
static int connect_result(struct shim_file *f, int fd)
{
	int err;

	if (f->state == SHIM_KERNEL)
		return real.connect(fd, (void *)&f->peer, sizeof(f->peer));
	if (etran_connected(f->s)) {
		f->ss = SHIM_SS_CONNECTED;
		return 0;
	}
	err = etran_error(f->s);
	if (f->refused)
		err = f->refused;
	f->ss = SHIM_SS_UNCONNECTED;
	return fail(err ? err : ECONNABORTED);
}

static int connect_wait(struct shim_file *f, int fd, int timed_out)
{
	int r = shim_sock_wait(f, EPOLLOUT, &f->sndtimeo);

	if (r == -EAGAIN)
		return fail(timed_out);
	return r ? fail(-r) : connect_result(f, fd);
}

/* connect() on a socket that eTran has already. */
static int connect_again(struct shim_file *f, int fd)
{
	if (f->ss == SHIM_SS_CONNECTED)
		return fail(EISCONN);
	etran_service();
	if (!shim_sock_events(f)) {
		if (f->nonblock)
			return fail(EALREADY);
		return connect_wait(f, fd, EALREADY);
	}
	return connect_result(f, fd);
}

/* After a failure the socket is as new, and may try again. */
static void forget_failed(struct shim_file *f)
{
	if (f->state != SHIM_CONN || f->ss != SHIM_SS_UNCONNECTED)
		return;
	et_mutex_lock(&shim_ev_lock);
	f->up = false;		/* epoll looks at @s no more */
	et_mutex_unlock(&shim_ev_lock);
	etran_set_user(f->s, NULL, NULL);
	etran_close(f->s, true);
	f->s = NULL;
	f->state = SHIM_NEW;
	shim_epoll_to_kernel(f);
}

static int stay_kernel(struct shim_file *f, uint32_t reason)
{
	shim_kernel("connect", reason);
	if (shim_require)
		return fail(ECONNREFUSED);
	f->state = SHIM_KERNEL;
	shim_epoll_drop(f);
	return 0;
}

/**
 * shim_connect - connect()
 * A socket without eTran's help goes on as a kernel connect in the same call.
 */
int shim_connect(struct shim_file *f, int fd, const struct sockaddr *a, socklen_t n)
{
	struct sockaddr_in dst;
	uint32_t reason;

	if (f->kind != SHIM_SOCK || f->state == SHIM_KERNEL || !a || n < sizeof(a->sa_family))
		return real.connect(fd, a, n);
	if (f->state == SHIM_LISTEN || f->state == SHIM_INERT)
		return fail(EISCONN);
	if (!f->ipv6 && (n < sizeof(dst) || a->sa_family != AF_INET)) {
		if (f->state == SHIM_NEW)
			return real.connect(fd, a, n);
		return fail(n < sizeof(dst) ? EINVAL : EOPNOTSUPP);
	}
	pthread_mutex_lock(&f->lock);
	forget_failed(f);
	if (f->state != SHIM_NEW) {
		pthread_mutex_unlock(&f->lock);
		return connect_again(f, fd);
	}
	reason = ETRAN_R_NOT_IPV4;
	if (!f->ipv6) {
		memcpy(&dst, a, sizeof(dst));
		reason = start(f, fd, &dst);
	}
	if (reason && stay_kernel(f, reason)) {
		pthread_mutex_unlock(&f->lock);
		return -1;
	}
	pthread_mutex_unlock(&f->lock);
	if (reason)
		return real.connect(fd, a, n);
	return f->nonblock ? fail(EINPROGRESS) : connect_wait(f, fd, EINPROGRESS);
}

int shim_shutdown(struct shim_file *f, int fd, int how)
{
	int r;

	if (f->kind != SHIM_SOCK || f->state < SHIM_CONN)
		return real.shutdown(fd, how);
	if (how < SHUT_RD || how > SHUT_RDWR)
		return fail(EINVAL);
	if (f->state == SHIM_LISTEN) {
		if (how != SHUT_WR)
			f->shut = true;
		if (f->knl_listen)
			real.shutdown(fd, how);
		if (f->s)
			shim_changed(f->s, f);
		return 0;
	}
	if (f->state == SHIM_INERT || !etran_connected(f->s))
		return fail(ENOTCONN);
	r = etran_shutdown(f->s, how);
	return r < 0 ? fail(-r) : 0;
}

int shim_getname(struct shim_file *f, int fd, struct sockaddr *a, socklen_t *n, bool peer)
{
	struct sockaddr_in self = { 0 }, other = { 0 };
	socklen_t room;

	if (f->kind != SHIM_SOCK || f->state != SHIM_CONN ||
	    !etran_connected(f->s)) {
		if (f->kind == SHIM_SOCK && f->state == SHIM_CONN && peer)
			return fail(ENOTCONN);
		return peer ? real.getpeername(fd, a, n) : real.getsockname(fd, a, n);
	}
	if (!a || !n)
		return fail(EFAULT);
	room = *n;
	if ((int)room < 0)
		return fail(EINVAL);
	etran_names(f->s, &self, &other);
	memcpy(a, peer ? &other : &self, room < sizeof(self) ? room : sizeof(self));
	*n = sizeof(self);
	return 0;
}
