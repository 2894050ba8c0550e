// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets that share a pool, and so a queue, get the same share of it in bytes.
 *
 * All TX rings are filled before the first kick: up to the last packet of one of
 * them all were backlogged, on however slow a machine, and the order in which
 * packets come out up to there is the whole result.
 */
#include <string.h>
#include <sys/socket.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define CHUNKS		12288

/*
 * How far apart two sockets may be, and how much of others may pass before who
 * has little has sent it. A quantum and a turn of each, that is; where some are
 * returned unsent also what the NIC holds (256), because those go into the completion
 * ring at once, the others when they have been sent. For the same reason one looks only
 * up to so many packets before the end of a long one: with the last of them in the NIC
 * those that never get there go on alone.
 */
struct bounds {
	unsigned int percent;
	uint64_t soon;
	uint32_t in_nic;
};

struct sharer {
	struct xsk *x;
	uint32_t first;		/* its packets are chunks first to first + nr - 1; */
				/* those behind the UMEM are lies */
	uint32_t nr;
	uint32_t len;
	/* as seen while one looks at an order */
	uint32_t seen;
	uint64_t bytes;
};

/* Fewest first: the socket that is opened first is the last of the core's list. */
enum { FEW, LARGE, SMALL, SHARERS };

struct order {
	uint32_t nr;
	uint32_t chunk[8192];
};

static struct order completed, received;

static void fill_ring(struct bench *b, const struct sharer *s)
{
	uint32_t i;

	for (i = s->first; i < s->first + s->nr; i++) {
		if (i < b->xsk.nr_chunks)
			frame_build(xsk_data(&b->xsk, i), b->far->mac, b->near->mac,
				    b->sink.run, PROBE_DATA, i, s->len);
		xsk_submit_raw(s->x, (uint64_t)i * b->xsk.chunk_size, s->len, 0);
	}
	b->xsk.submitted += s->nr;
}

static void append(struct order *o, uint64_t chunk)
{
	if (CHECK(o->nr < ARRAY_SIZE(o->chunk), "more than was sent"))
		o->chunk[o->nr++] = chunk;
}

static void take_completed(struct bench *b)
{
	uint32_t at = *b->xsk.cq.consumer, end = ring_load(b->xsk.cq.producer);
	uint64_t *addr = b->xsk.cq.desc;

	for (; at != end; at++, b->xsk.completed++)
		append(&completed, addr[at & (b->xsk.cq.size - 1)] / b->xsk.chunk_size);
	ring_store(b->xsk.cq.consumer, end);
}

static void take_received(struct bench *b)
{
	uint8_t buf[2048];
	struct probe_hdr hdr;
	ssize_t len;

	while ((len = recv(b->sink.fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		memcpy(&hdr, buf + PROBE_ETH_LEN, sizeof(hdr));
		if (hdr.run != b->sink.run || hdr.kind != PROBE_DATA)
			continue;
		CHECK(frame_intact(buf, len), "damaged");
		append(&received, hdr.seq);
	}
}

static bool all_done(struct bench *b, struct sharer *s)
{
	unsigned int i;

	for (i = 0; i < SHARERS; i++)
		if (xsk_pending(s[i].x))
			xsk_kick(s[i].x);
	take_completed(b);
	take_received(b);
	return b->xsk.completed == b->xsk.submitted;
}

/* Up to the end of one of the long ones: who had how much? */
static void judge(struct sharer *s, const struct order *o, const struct bounds *limit,
		  const char *where)
{
	uint64_t others, apart, max;
	uint32_t i, k;

	for (k = 0; k < SHARERS; k++)
		s[k].seen = s[k].bytes = 0;
	for (i = 0; i < o->nr; i++) {
		for (k = 0; k < SHARERS; k++)
			if (o->chunk[i] - s[k].first < s[k].nr)
				break;
		if (!CHECK(k < SHARERS, "%s: nobody's packet", where))
			return;
		s[k].seen++;
		s[k].bytes += s[k].len;
		if (k == FEW && s[k].seen == s[k].nr) {
			others = s[LARGE].bytes + s[SMALL].bytes;
			CHECK(others <= limit->soon, "%s: %llu bytes of others before",
			      where, (unsigned long long)others);
		}
		if (k != FEW && s[k].seen == s[k].nr - limit->in_nic)
			break;
	}
	CHECK_EQ(s[FEW].seen, s[FEW].nr, "packets of the socket that has few");
	max = s[LARGE].bytes > s[SMALL].bytes ? s[LARGE].bytes : s[SMALL].bytes;
	apart = 2 * max - s[LARGE].bytes - s[SMALL].bytes;
	ktap_note("%s: %llu bytes in large packets, %llu in small ones", where,
		  (unsigned long long)s[LARGE].bytes, (unsigned long long)s[SMALL].bytes);
	CHECK(max && 100 * apart <= limit->percent * max, "%s: not the same", where);
}

static const struct bench_opts opts = {
	.xsk = { .nr_chunks = CHUNKS, .tx_size = 4096, .cq_size = 8192 },
};

/* A bench whose pool has three sockets, the bench's own first. */
static bool open_sharers(struct bench *b, struct sharer *s, const struct bounds *limit)
{
	struct xsk_opts xo = opts.xsk;
	unsigned int i;

	completed.nr = received.nr = 0;
	if (!bench_open(b, &opts))
		return false;
	s[FEW].x = &b->xsk;
	xo.ifindex = b->near->ifindex;
	xo.share = &b->xsk;
	for (i = 1; i < SHARERS; i++)
		if (!CHECK_EQ(xsk_open(s[i].x, &xo), 0, "another socket"))
			return false;
	for (i = 0; i < SHARERS; i++)
		fill_ring(b, &s[i]);
	CHECK(WAIT_FOR(all_done(b, s)), "%llu of %llu completed",
	      (unsigned long long)b->xsk.completed,
	      (unsigned long long)b->xsk.submitted);
	bench_check_rest(b, 0);
	/* A completion ring keeps the order of sending, of what is sent. */
	judge(s, &completed, limit, "completed");
	return true;
}

static void same_bytes(void)
{
	struct xsk large = { .fd = -1 }, small = { .fd = -1 };
	struct sharer s[SHARERS] = {
		[FEW] = { NULL, 5000, 20, 100 },
		[LARGE] = { &large, 4096, 750, 1400 },
		[SMALL] = { &small, 0, 4096, 256 },
	};
	const struct bounds limit = { 5, 96 << 10, 0 };
	struct bench b;

	/* This link loses nothing, that of igb does in bursts. */
	if (open_sharers(&b, s, &limit) && !strcmp(b.near->driver, "virtio_net")) {
		CHECK(WAIT_FOR((take_received(&b), received.nr == b.xsk.submitted)),
		      "%u received", received.nr);
		judge(s, &received, &limit, "received");
	}
	xsk_close(&small);
	xsk_close(&large);
	bench_close(&b);
}

/* What the core refuses counts as a whole chunk: lies are no way to more. */
static void lies_are_not_free(void)
{
	struct xsk large = { .fd = -1 }, lies = { .fd = -1 };
	struct sharer s[SHARERS] = {
		[FEW] = { NULL, 6100, 20, 100 },
		[LARGE] = { &large, 4096, 2000, 1400 },
		[SMALL] = { &lies, CHUNKS, 2000, 2048 },
	};
	const struct bounds limit = { 25, 1 << 20, 300 };
	struct bench b;

	open_sharers(&b, s, &limit);
	xsk_close(&lies);
	xsk_close(&large);
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "three sockets of a queue", same_bytes },
	{ "one that sends what is refused", lies_are_not_free },
};

const struct ktap_suite suite_fair = KTAP_SUITE("fair", cases);
