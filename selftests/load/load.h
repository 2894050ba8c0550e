/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load for the benchmarks: ordinary sockets, so that the same program runs over
 * Linux TCP and, under "etranctl run", over eTran.
 *
 * A connection starts with a struct hello.  ECHO: messages of .size bytes, each
 * sent back by a write of its own, as a server does that answers requests.
 * SINK: the server reads .bytes and answers with one byte.  SOURCE: it sends
 * .bytes.  Both ends are one thread around epoll.
 */
#ifndef SELFTESTS_LOAD_H
#define SELFTESTS_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { LOAD_ECHO, LOAD_SINK, LOAD_SOURCE };

struct hello {
	uint32_t mode;
	uint32_t size;
	uint64_t bytes;
};

struct load_opts {
	const char *addr;
	int port;
	uint32_t mode;
	uint32_t size;		/* of a message */
	uint32_t conns;
	uint32_t outstanding;	/* per connection */
	uint32_t messages;	/* per connection, then a new one; 0: no end */
	uint64_t requests;	/* all together, after as many as "warm" */
	uint64_t warm;
	uint64_t bytes;		/* SINK, SOURCE */
	bool redis, fill;	/* key-value store; else memcached */
	uint32_t keys;
	uint32_t sets;		/* of 100 requests */
	double zipf;
	uint32_t seconds;	/* to hold connections */
	const char *daemons;	/* processes whose CPU time is told, too */
};

int load_server(const struct load_opts *o);
int load_client(const struct load_opts *o);
int load_bulk(const struct load_opts *o);
int load_kv(const struct load_opts *o);
int load_hold(const struct load_opts *o);

/* Sockets of both ends; they end the program when something is wrong. */
int load_socket(void);
int load_connect(const struct load_opts *o);
void load_watch(int ep, int op, int fd, uint32_t events, void *data);
/* Like read() and write(), 0 for "not now", -1 for the end. */
ssize_t load_read(int fd, void *buf, size_t len);
ssize_t load_write(int fd, const void *buf, size_t len);

uint64_t load_now(void);
void *load_zeroes(size_t size);
/* What is measured begins, and ends after .requests that took so long each. */
uint64_t load_begin(const struct load_opts *o);
void load_end(const struct load_opts *o, uint64_t begin, uint64_t *took);

static inline uint64_t load_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
