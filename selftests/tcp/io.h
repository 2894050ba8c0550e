/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Non-blocking TCP over libetran, or over the kernel's sockets (io_linux): the
 * same program is the thing tested and its oracle. Errors are negative errno.
 */
#ifndef SELFTESTS_TCP_IO_H
#define SELFTESTS_TCP_IO_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libetran.h"

#define IO_POLLFDS	16

struct io_sock {
	int fd;
	struct etran_sock *s;
};

static bool io_linux;

static void io_die(const char *what, int err, uint32_t reason)
{
	fprintf(stderr, "stream: %s: error %d%s%s\n", what, err,
		reason ? ", " : "", reason ? etran_reason_name(reason) : "");
	exit(1);
}

/* A kernel socket, bound: libetran proves with it that the port is ours. */
static int io_bound(struct sockaddr_in *self)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)self, sizeof(*self)))
		io_die("bind", errno, 0);
	return fd;
}

static void io_init(void)
{
	uint32_t reason;
	int err;

	if (io_linux)
		return;
	err = etran_open(&reason);
	if (err)
		io_die("open", err, reason);
}

static void io_listen(struct io_sock *l, struct sockaddr_in *self)
{
	uint32_t reason = 0;
	int err;

	l->fd = io_bound(self);
	l->s = NULL;
	err = io_linux ? listen(l->fd, 64) : etran_listen(l->fd, 64, &l->s, &reason);
	if (err)
		io_die("listen", io_linux ? errno : err, reason);
}

static int io_accept(struct io_sock *l, struct io_sock *out)
{
	out->s = NULL;
	out->fd = -1;
	if (!io_linux)
		return etran_accept(l->s, &out->s);
	out->fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return out->fd < 0 ? -errno : 0;
}

static void io_connect(struct io_sock *c, const struct sockaddr_in *dst)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	uint32_t reason = 0;
	int err;

	c->fd = io_bound(&any);
	c->s = NULL;
	if (io_linux) {
		if (connect(c->fd, (struct sockaddr *)dst, sizeof(*dst)) &&
		    errno != EINPROGRESS)
			io_die("connect", errno, 0);
		return;
	}
	err = etran_connect(c->fd, dst, &c->s, &reason);
	if (err)
		io_die("connect", err, reason);
}

static int io_error(struct io_sock *c)
{
	socklen_t len = sizeof(int);
	int err;

	if (!io_linux)
		return etran_error(c->s);
	return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}

static ssize_t io_send(struct io_sock *c, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	ssize_t n;

	if (!io_linux)
		return etran_send(c->s, &iov, 1, 0);
	n = send(c->fd, buf, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static ssize_t io_recv(struct io_sock *c, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	ssize_t n;

	if (!io_linux)
		return etran_recv(c->s, &iov, 1, 0);
	n = recv(c->fd, buf, len, 0);
	return n < 0 ? -errno : n;
}

static int io_shutdown(struct io_sock *c)
{
	if (!io_linux)
		return etran_shutdown(c->s, SHUT_WR);
	return shutdown(c->fd, SHUT_WR) ? -errno : 0;
}

static void io_close(struct io_sock *c)
{
	if (c->s)
		etran_close(c->s, false);
	if (c->fd >= 0)
		close(c->fd);
	c->s = NULL;
	c->fd = -1;
}

/*
 * Wait until one of @n sockets has one of the events that it wants.
 * @ev: in: wanted, out: there
 */
static void io_wait(struct io_sock **socks, uint32_t *ev, int n, int timeout_ms)
{
	struct pollfd p[IO_POLLFDS + 1024];
	bool any = false;
	int i, k;

	if (io_linux) {
		for (i = 0; i < n; i++)
			p[i] = (struct pollfd){ socks[i]->fd, ev[i], 0 };
		poll(p, n, timeout_ms);
		for (i = 0; i < n; i++)
			ev[i] = p[i].revents;
		return;
	}
	for (k = 0; k < 2; k++) {
		etran_service();
		for (i = 0; i < n; i++)
			any |= etran_events(socks[i]->s) &
			       (ev[i] | EPOLLERR | EPOLLHUP);
		if (any || k)
			break;
		poll(p, etran_pollfds(p, IO_POLLFDS), timeout_ms);
	}
	for (i = 0; i < n; i++)
		ev[i] = etran_events(socks[i]->s) & (ev[i] | EPOLLERR | EPOLLHUP);
}

static void io_exit(void)
{
	int left = io_linux ? 0 : etran_drain(60000);

	if (left)
		io_die("drain", left, 0);
}

#endif /* SELFTESTS_TCP_IO_H */
