// SPDX-License-Identifier: GPL-2.0-only
/* The clients of load.h. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "selftests/bench/mark.h"

#define ROOM		(64u << 10)
#define PATIENCE_MS	60000

struct client {
	const struct load_opts *o;
	int ep;
	char *out;		/* what goes out, but for the number in front */
	char *in;
	uint64_t started;	/* requests, warm-up included */
	uint64_t done;
	uint64_t begin;		/* of what is measured */
	uint64_t *took;
};

/* A message is its number, then zeroes; numbers count on one connection. */
struct flow {
	int fd;
	uint32_t events;
	uint64_t sent, got;	/* messages */
	uint64_t first, last;	/* numbers of this life of the flow */
	uint32_t out_at, in_at;	/* bytes of the message under way */
	uint64_t in_number;
	uint64_t *since;	/* when each outstanding one was sent */
};

static uint64_t total(const struct client *c)
{
	return c->o->warm + c->o->requests;
}

static void events(struct client *c, struct flow *f, uint32_t events)
{
	if (f->events == events)
		return;
	load_watch(c->ep, f->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, f->fd, events, f);
	f->events = events;
}

static void open_flow(struct client *c, struct flow *f)
{
	f->fd = load_connect(c->o);
	f->events = 0;
	f->out_at = f->in_at = 0;
	f->first = f->sent = f->got;
	f->last = c->o->messages ? f->first + c->o->messages : UINT64_MAX;
	events(c, f, EPOLLOUT);
}

/* The hello goes first, in one piece: a fresh socket has room for it. */
static void say_hello(const struct load_opts *o, int fd)
{
	struct hello h = { .mode = o->mode, .size = o->size, .bytes = o->bytes };
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		errx(1, "connect: %s", strerror(error));
	if (load_write(fd, &h, sizeof(h)) != sizeof(h))
		err(1, "hello");
}

static bool may_send(struct client *c, struct flow *f)
{
	return f->out_at || (f->sent - f->got < c->o->outstanding &&
			     f->sent < f->last && c->started < total(c));
}

static void send_some(struct client *c, struct flow *f)
{
	uint32_t size = c->o->size;
	ssize_t n;

	while (may_send(c, f)) {
		if (!f->out_at) {
			f->since[f->sent % c->o->outstanding] = load_now();
			c->started++;
		}
		memcpy(c->out, &f->sent, sizeof(f->sent));
		n = load_write(f->fd, c->out + f->out_at, size - f->out_at);
		if (n < 0)
			errx(1, "the server is gone");
		f->out_at += n;
		if (f->out_at < size) {
			/* counted as started; the rest goes when there is room */
			if (!f->out_at)
				c->started--;
			events(c, f, EPOLLIN | EPOLLOUT);
			return;
		}
		f->out_at = 0;
		f->sent++;
	}
	events(c, f, EPOLLIN);
}

static void one_done(struct client *c, struct flow *f)
{
	if (f->in_number != f->got || f->got >= f->sent)
		errx(1, "message %llu came back as %llu", (unsigned long long)f->got,
		     (unsigned long long)f->in_number);
	if (c->done >= c->o->warm)
		c->took[c->done - c->o->warm] =
			load_now() - f->since[f->got % c->o->outstanding];
	f->got++;
	if (++c->done == c->o->warm)
		c->begin = load_begin(c->o);
}

/* Bytes that arrived: find the messages in them. */
static void digest(struct client *c, struct flow *f, const char *in, size_t len)
{
	uint32_t size = c->o->size;
	uint32_t n;

	while (len) {
		if (f->in_at < sizeof(f->in_number)) {
			n = load_min(len, sizeof(f->in_number) - f->in_at);
			memcpy((char *)&f->in_number + f->in_at, in, n);
		} else {
			n = load_min(len, size - f->in_at);
			if (in[n - 1])
				errx(1, "a message came back damaged");
		}
		f->in_at += n;
		in += n;
		len -= n;
		if (f->in_at == size) {
			f->in_at = 0;
			one_done(c, f);
		}
	}
}

static void work(struct client *c, struct flow *f, uint32_t ready)
{
	ssize_t n;

	if (f->events == EPOLLOUT)	/* connected, or not */
		say_hello(c->o, f->fd);
	if (ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = load_read(f->fd, c->in, ROOM);
		if (n < 0)
			errx(1, "the server is gone");
		digest(c, f, c->in, n);
	}
	if (f->got == f->last && c->done < total(c)) {
		close(f->fd);
		open_flow(c, f);
		return;
	}
	send_some(c, f);
}

int load_client(const struct load_opts *o)
{
	struct client c = { .o = o, .ep = epoll_create1(0) };
	struct flow *flows = load_zeroes(o->conns * sizeof(*flows));
	struct epoll_event ev[256];
	uint32_t i;
	int n;

	c.out = load_zeroes(o->size);
	c.in = load_zeroes(ROOM);
	c.took = load_zeroes(o->requests * sizeof(*c.took));
	for (i = 0; i < o->conns; i++) {
		flows[i].since = load_zeroes(o->outstanding * sizeof(*flows[i].since));
		open_flow(&c, &flows[i]);
	}
	if (!o->warm)
		c.begin = load_begin(o);
	while (c.done < total(&c)) {
		n = epoll_wait(c.ep, ev, 256, PATIENCE_MS);
		if (!n)
			errx(1, "nothing happens, %llu of %llu requests done",
			     (unsigned long long)c.done, (unsigned long long)total(&c));
		for (i = 0; n > 0 && i < (uint32_t)n; i++)
			work(&c, ev[i].data.ptr, ev[i].events);
	}
	load_end(o, c.begin, c.took);
	return 0;
}

static void wait_until(int fd, uint32_t what)
{
	int ep = epoll_create1(0);
	struct epoll_event ev;

	load_watch(ep, EPOLL_CTL_ADD, fd, what, NULL);
	if (epoll_wait(ep, &ev, 1, PATIENCE_MS) != 1)
		errx(1, "nothing happens");
	close(ep);
}

int load_bulk(const struct load_opts *o)
{
	char *buf = load_zeroes(ROOM), end_mark;
	uint64_t moved = 0, begin;
	int fd = load_connect(o);
	bool sink = o->mode == LOAD_SINK;
	ssize_t n;
	double s;

	wait_until(fd, EPOLLOUT);
	mark_start();
	begin = load_now();
	say_hello(o, fd);
	while (moved < o->bytes) {
		n = sink ? load_write(fd, buf, load_min(ROOM, o->bytes - moved)) :
			   load_read(fd, buf, ROOM);
		if (n < 0)
			errx(1, "the server is gone");
		if (!n)
			wait_until(fd, sink ? EPOLLOUT : EPOLLIN);
		moved += n;
	}
	while (sink && (n = load_read(fd, &end_mark, 1)) != 1) {
		if (n < 0)
			errx(1, "the server is gone");
		wait_until(fd, EPOLLIN);
	}
	s = (load_now() - begin) / 1e9;
	mark_stop();
	printf("bytes %llu seconds %.6f mbit %.1f\n", (unsigned long long)moved, s,
	       moved * 8 / s / 1e6);
	return 0;
}
