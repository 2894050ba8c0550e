// SPDX-License-Identifier: GPL-2.0-only
/* The server of load.h. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

#define ROOM	(64u << 10)

struct peer {
	int fd;
	bool blocked;		/* waits for EPOLLOUT */
	struct hello hello;
	uint32_t have_hello;
	uint64_t moved;		/* SINK, SOURCE */
	uint32_t room;
	uint32_t have;		/* bytes in buf, from the start of a message */
	uint32_t sent;		/* of the first message */
	char *buf;
};

static void drop(struct peer *p)
{
	close(p->fd);
	free(p->buf);
	free(p);
}

static void wait_for_room(int ep, struct peer *p, bool wait)
{
	if (p->blocked == wait)
		return;
	p->blocked = wait;
	load_watch(ep, EPOLL_CTL_MOD, p->fd, wait ? EPOLLOUT : EPOLLIN, p);
}

static bool start(struct peer *p)
{
	char *at = (char *)&p->hello + p->have_hello;
	ssize_t n = load_read(p->fd, at, sizeof(p->hello) - p->have_hello);

	if (n < 0)
		return false;
	p->have_hello += n;
	if (p->have_hello < sizeof(p->hello))
		return true;
	if (p->hello.size < 16 || p->hello.size > 1 << 24)
		return false;
	p->room = p->hello.size > ROOM ? p->hello.size : ROOM;
	p->buf = malloc(p->room);
	if (!p->buf)
		err(1, "malloc");
	memset(p->buf, 0, p->room);
	return true;
}

/* Answer whole messages, each by its own write. */
static bool answer(int ep, struct peer *p)
{
	uint32_t size = p->hello.size;
	uint32_t at = 0;
	ssize_t n;

	while (p->have - at >= size) {
		n = load_write(p->fd, p->buf + at + p->sent, size - p->sent);
		if (n < 0)
			return false;
		p->sent += n;
		if (p->sent < size)
			break;
		p->sent = 0;
		at += size;
	}
	wait_for_room(ep, p, p->have - at >= size);
	memmove(p->buf, p->buf + at, p->have - at);
	p->have -= at;
	return true;
}

static bool echo(int ep, struct peer *p)
{
	ssize_t n;

	if (!p->blocked) {
		n = load_read(p->fd, p->buf + p->have, p->room - p->have);
		if (n < 0)
			return false;
		p->have += n;
	}
	return answer(ep, p);
}

static bool sink(struct peer *p)
{
	ssize_t n = load_read(p->fd, p->buf, p->room);

	if (n < 0)
		return false;
	p->moved += n;
	return n == 0 || p->moved < p->hello.bytes || load_write(p->fd, "", 1) == 1;
}

static bool source(int ep, struct peer *p)
{
	uint64_t left;
	ssize_t n;

	while ((left = p->hello.bytes - p->moved)) {
		n = load_write(p->fd, p->buf, load_min(left, p->room));
		if (n < 0)
			return false;
		if (!n)
			break;
		p->moved += n;
	}
	wait_for_room(ep, p, left);
	/* nothing more comes from the peer but its end */
	return left || load_read(p->fd, p->buf, p->room) == 0;
}

static bool serve(int ep, struct peer *p)
{
	if (p->have_hello < sizeof(p->hello))
		return start(p) && (p->have_hello < sizeof(p->hello) ||
				    p->hello.mode != LOAD_SOURCE || source(ep, p));
	switch (p->hello.mode) {
	case LOAD_ECHO:	  return echo(ep, p);
	case LOAD_SINK:	  return sink(p);
	case LOAD_SOURCE: return source(ep, p);
	}
	return false;
}

static void take_new(int ep, int listener)
{
	struct peer *p;
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		p = calloc(1, sizeof(*p));
		if (!p)
			err(1, "calloc");
		p->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		load_watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN, p);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		err(1, "accept");
}

int load_server(const struct load_opts *o)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(o->port) };
	int listener = load_socket(), ep = epoll_create1(0), one = 1, i, n;
	struct epoll_event ev[256];

	inet_pton(AF_INET, o->addr, &sin.sin_addr);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&sin, sizeof(sin)) || listen(listener, 4096))
		err(1, "%s port %d", o->addr, o->port);
	load_watch(ep, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
	puts("listening");
	for (;;) {
		n = epoll_wait(ep, ev, 256, -1);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			if (!ev[i].data.ptr)
				take_new(ep, listener);
			else if (!serve(ep, ev[i].data.ptr))
				drop(ev[i].data.ptr);
		}
	}
}
