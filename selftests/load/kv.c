// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load on a key-value store, redis or memcached: keys of 32 bytes, values of 64,
 * popular as Zipf's law has it, .sets of 100 requests change one.  A value is that
 * of its key for ever, so every answer is known beforehand, to the byte.
 */
#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"
#include "selftests/bench/mark.h"

#define KEY		32
#define VALUE		64
#define MESSAGE		256	/* no request or answer is longer */
#define BATCH		64	/* requests of the filler under way */
#define PATIENCE_MS	60000

struct request {
	uint64_t since;
	uint32_t key;
	bool set;
};

struct conn {
	int fd;
	uint32_t events;	/* 0: not connected yet */
	uint32_t sent, got;	/* requests */
	uint32_t out_have, out_at, in_have;
	struct request *asked;	/* a ring */
	char *out, *in;
};

struct kv {
	const struct load_opts *o;
	int ep;
	uint32_t outstanding;
	double *popular;	/* sum of the shares of keys 0 to i */
	uint64_t random;
	uint64_t started, done, total;
	uint32_t filled;	/* keys */
	bool filling;
	uint64_t begin;
	uint64_t *took;
};

static double random_share(struct kv *kv)
{
	kv->random ^= kv->random << 13;
	kv->random ^= kv->random >> 7;
	kv->random ^= kv->random << 17;
	return (kv->random >> 11) / 9007199254740992.0;
}

static void make_popular(struct kv *kv)
{
	uint32_t i, n = kv->o->keys;
	double sum = 0;

	kv->popular = load_zeroes(n * sizeof(*kv->popular));
	for (i = 0; i < n; i++)
		kv->popular[i] = sum += pow(i + 1, -kv->o->zipf);
	for (i = 0; i < n; i++)
		kv->popular[i] /= sum;
}

static uint32_t random_key(struct kv *kv)
{
	uint32_t low = 0, high = kv->o->keys - 1, middle;
	double share = random_share(kv);

	while (low < high) {
		middle = (low + high) / 2;
		if (kv->popular[middle] < share)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Numbers of a fixed width make lines of a fixed length. */
static uint32_t put_number(char *at, uint32_t width, char pad, uint32_t n)
{
	uint32_t i;

	memset(at, pad, width);
	for (i = width; n && i; n /= 10)
		at[--i] = '0' + n % 10;
	return width;
}

static uint32_t put(char *at, const char *text)
{
	uint32_t len = strlen(text);

	memcpy(at, text, len);
	return len;
}

static uint32_t put_value(char *at, uint32_t key)
{
	return put_number(at, VALUE, 'v', key + 1);
}

static uint32_t put_request(const struct kv *kv, char *at, uint32_t key, bool set)
{
	bool redis = kv->o->redis;
	uint32_t n;

	if (redis)
		n = put(at, set ? "*3\r\n$3\r\nSET\r\n$32\r\n" : "*2\r\n$3\r\nGET\r\n$32\r\n");
	else
		n = put(at, set ? "set " : "get ");
	n += put_number(at + n, KEY, 'k', key + 1);
	if (set) {
		n += put(at + n, redis ? "\r\n$64\r\n" : " 0 0 64\r\n");
		n += put_value(at + n, key);
	}
	return n + put(at + n, "\r\n");
}

static uint32_t put_answer(const struct kv *kv, char *at, uint32_t key, bool set)
{
	uint32_t n = 0;

	if (set)
		return put(at, kv->o->redis ? "+OK\r\n" : "STORED\r\n");
	if (kv->o->redis) {
		n = put(at, "$64\r\n");
	} else {
		n = put(at, "VALUE ");
		n += put_number(at + n, KEY, 'k', key + 1);
		n += put(at + n, " 0 64\r\n");
	}
	n += put_value(at + n, key);
	return n + put(at + n, kv->o->redis ? "\r\n" : "\r\nEND\r\n");
}

static void watch(struct kv *kv, struct conn *c, uint32_t events)
{
	if (c->events == events)
		return;
	load_watch(kv->ep, c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, events, c);
	c->events = events;
}

static bool next_request(struct kv *kv, struct request *r)
{
	if (kv->filling) {
		if (kv->filled == kv->o->keys)
			return false;
		r->key = kv->filled++;
		r->set = true;
		return true;
	}
	if (kv->started == kv->total)
		return false;
	kv->started++;
	r->key = random_key(kv);
	r->set = random_share(kv) * 100 < kv->o->sets;
	return true;
}

/* As many requests as may be under way go out by one write. */
static void ask(struct kv *kv, struct conn *c)
{
	struct request *r;
	ssize_t n;

	while (c->sent - c->got < kv->outstanding && !c->out_at) {
		r = &c->asked[c->sent % kv->outstanding];
		if (!next_request(kv, r))
			break;
		r->since = load_now();
		c->out_have += put_request(kv, c->out + c->out_have, r->key, r->set);
		c->sent++;
	}
	if (c->out_have > c->out_at) {
		n = load_write(c->fd, c->out + c->out_at, c->out_have - c->out_at);
		if (n < 0)
			errx(1, "the server is gone");
		c->out_at += n;
	}
	if (c->out_at < c->out_have) {
		watch(kv, c, EPOLLIN | EPOLLOUT);
		return;
	}
	c->out_at = c->out_have = 0;
	watch(kv, c, EPOLLIN);
}

static void answered(struct kv *kv, const struct request *r)
{
	if (kv->filling)
		return;
	if (kv->done >= kv->o->warm)
		kv->took[kv->done - kv->o->warm] = load_now() - r->since;
	if (++kv->done == kv->o->warm)
		kv->begin = load_begin(kv->o);
}

static void digest(struct kv *kv, struct conn *c)
{
	uint32_t at = 0, len;
	char want[MESSAGE];
	struct request *r;

	while (at < c->in_have) {
		r = &c->asked[c->got % kv->outstanding];
		if (c->got == c->sent)
			errx(1, "an answer that nobody asked for");
		len = put_answer(kv, want, r->key, r->set);
		if (memcmp(c->in + at, want, load_min(len, c->in_have - at)))
			errx(1, "key %u: not the answer that belongs to it: %.20s",
			     r->key, c->in + at);
		if (c->in_have - at < len)
			break;
		at += len;
		c->got++;
		answered(kv, r);
	}
	memmove(c->in, c->in + at, c->in_have - at);
	c->in_have -= at;
}

static void work(struct kv *kv, struct conn *c, uint32_t ready)
{
	ssize_t n;

	if (ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = load_read(c->fd, c->in + c->in_have,
			      kv->outstanding * MESSAGE - c->in_have);
		if (n < 0)
			errx(1, "the server is gone");
		c->in_have += n;
		digest(kv, c);
	}
	ask(kv, c);
}

static struct conn *open_conns(struct kv *kv, uint32_t count)
{
	struct conn *conns = load_zeroes(count * sizeof(*conns));
	uint32_t i;

	for (i = 0; i < count; i++) {
		conns[i].asked = load_zeroes(kv->outstanding * sizeof(struct request));
		conns[i].out = load_zeroes(kv->outstanding * MESSAGE);
		conns[i].in = load_zeroes(kv->outstanding * MESSAGE + 1);
		conns[i].fd = load_connect(kv->o);
		watch(kv, &conns[i], EPOLLOUT);
	}
	return conns;
}

static void one_round(struct kv *kv)
{
	struct epoll_event ev[256];
	int i, n = epoll_wait(kv->ep, ev, 256, PATIENCE_MS);

	if (!n)
		errx(1, "nothing happens, %llu of %llu requests done",
		     (unsigned long long)kv->done, (unsigned long long)kv->total);
	for (i = 0; i < n; i++)
		work(kv, ev[i].data.ptr, ev[i].events);
}

static void fill(struct kv *kv)
{
	struct conn *c;

	kv->filling = true;
	kv->outstanding = BATCH;
	c = open_conns(kv, 1);
	while (c->got < kv->o->keys)
		one_round(kv);
	close(c->fd);
	kv->filling = false;
}

int load_kv(const struct load_opts *o)
{
	struct kv kv = { .o = o, .ep = epoll_create1(0), .random = 88172645463325252,
			 .total = o->warm + o->requests };

	if (o->fill) {
		fill(&kv);
		return 0;
	}
	make_popular(&kv);
	kv.took = load_zeroes(o->requests * sizeof(*kv.took));
	kv.outstanding = o->outstanding;
	open_conns(&kv, o->conns);
	if (!o->warm)
		kv.begin = load_begin(o);
	while (kv.done < kv.total)
		one_round(&kv);
	load_end(o, kv.begin, kv.took);
	return 0;
}
