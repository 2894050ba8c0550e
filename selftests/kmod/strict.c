// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict mode in zero copy: a tenant that rewrites its frame after egress has
 * seen it changes nothing, and the shadow, where the copies are, is out of its
 * rings' reach. Then what QUEUE_BIND refuses, and in which words.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define CHUNKS	4096	/* of a bench */
#define HELD	64

static const struct bench_opts plain;
static const struct bench_opts strict = { .xsk.shadow = CHUNKS };

static void order_hold(struct bench *b)
{
	b->tr.orders->act = ACT_HOLD;
	b->tr.orders->buckets = 1;
	b->tr.orders->no_arm = 1;
	b->window = 2 * HELD;
	b->absent_nth = 1;
}

static bool hold_some(struct bench *b)
{
	order_hold(b);
	return bench_push(b, HELD) &&
	       CHECK(WAIT_FOR((bench_step(b), b->tr.seen->hold_ok == HELD)),
		     "%llu held", (unsigned long long)b->tr.seen->hold_ok);
}

/*
 * From HOLD to release a tenant has all the time it wants, which makes what it
 * could else do before the NIC's DMA certain. Without a shadow, in the same
 * place, the lie gets through: what arrives is no packet of the test.
 */
static void rewrite(const struct bench_opts *opts, uint64_t arrive)
{
	struct bench b;
	uint32_t i;

	if (bench_open(&b, opts) && hold_some(&b)) {
		for (i = 0; i < b.xsk.nr_chunks / 2; i++)
			memset(xsk_data(&b.xsk, i), 0xff, b.xsk.chunk_size);
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		bench_settle(&b, HELD, arrive);
		bench_fence(&b);
		CHECK_EQ(b.sink.received, arrive, "packets as egress saw them");
		CHECK_EQ(b.tr.seen->held_bad, HELD - arrive, "seen changed by the timer");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

static void rewritten_in_plain(void)
{
	rewrite(&plain, 0);
}

static void rewritten_in_strict(void)
{
	rewrite(&strict, HELD);
}

/* What a program writes goes out: into the copy, not into the frame. */
static void edited(void)
{
	uint32_t i, changed = 0;
	struct probe_hdr hdr;
	struct bench b;

	if (bench_open(&b, &strict)) {
		b.tr.orders->act = ACT_EDIT;
		bench_push(&b, 200);
		bench_settle(&b, 200, 200);
		for (i = 0; i < 200; i++) {
			memcpy(&hdr, xsk_data(&b.xsk, i) + PROBE_ETH_LEN, sizeof(hdr));
			changed += hdr.run != b.sink.run || hdr.edit;
		}
		CHECK_EQ(b.sink.edited, 200, "edits seen far away");
		CHECK_EQ(changed, 0, "frames written to");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void every_length_and_offset(void)
{
	static const uint32_t lens[] = { 64, 65, 127, 512, 1001, 1514 };
	struct bench b;
	uint32_t i, off, at;
	int64_t chunk;

	if (bench_open(&b, &strict)) {
		for (i = 0; i < 300; i++) {
			off = i * 37 % (b.xsk.chunk_size - 1514);
			if (i % 3 == 0)	/* up to the end of the chunk */
				off = b.xsk.chunk_size - lens[i % ARRAY_SIZE(lens)];
			chunk = xsk_chunk(&b.xsk);
			at = chunk * b.xsk.chunk_size + off;
			frame_build(b.xsk.umem + at, b.far->mac, b.near->mac, b.sink.run,
				    PROBE_DATA, b.next_seq++, lens[i % ARRAY_SIZE(lens)]);
			b.xsk.in_kernel[chunk]++;
			b.xsk.submit_no[chunk] = ++b.xsk.submitted;
			xsk_submit_raw(&b.xsk, at, lens[i % ARRAY_SIZE(lens)], 0);
			bench_settle(&b, i + 1, i + 1);
		}
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

/* The frame of a held packet again: its copy must not be written to. */
static void submitted_again(void)
{
	struct nl_counters c = {};
	struct bench b;
	uint32_t i;

	if (bench_open(&b, &strict) && hold_some(&b)) {
		for (i = 0; i < HELD; i++) {
			memset(xsk_data(&b.xsk, i), 0xff, BENCH_LEN);
			xsk_submit_raw(&b.xsk, (uint64_t)i * b.xsk.chunk_size,
				       BENCH_LEN, 0);
		}
		CHECK(WAIT_FOR((bench_step(&b), bench_counters(&b, &c) &&
				c.v[ETRAN_A_COUNTERS_BUSY_CHUNK] == HELD)),
		      "%llu refused",
		      (unsigned long long)c.v[ETRAN_A_COUNTERS_BUSY_CHUNK]);
		CHECK_EQ(b.xsk.completed, 0, "frames that came back");
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		bench_settle(&b, HELD, HELD);
		b.refused = HELD;
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* Descriptors that name the shadow, between good ones. */
static void tx_in_the_shadow(void)
{
	struct xdp_statistics st;
	struct bench b;
	uint64_t bad;

	if (bench_open(&b, &strict)) {
		const uint64_t lies[] = {
			b.xsk.umem_len, b.xsk.umem_len + 64,
			b.xsk.umem_len + b.xsk.chunk_size,
			2 * b.xsk.umem_len - b.xsk.chunk_size,
		};

		for (bad = 0; bad < 40; bad++) {
			xsk_submit_raw(&b.xsk, lies[bad % ARRAY_SIZE(lies)], 64, 0);
			if (!bench_push(&b, 2))
				break;
		}
		bench_settle(&b, 2 * bad, 2 * bad);
		CHECK_EQ(b.tr.seen->egress, 2 * bad, "calls of egress");
		CHECK_EQ(xsk_statistics(&b.xsk, &st), 0, "statistics");
		CHECK_EQ(st.tx_invalid_descs, bad, "descriptors refused");
		CHECK(WAIT_FOR((bench_step(&b), b.xsk.foreign == bad)),
		      "%llu of them came back", (unsigned long long)b.xsk.foreign);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* Take what was received; returns how much of it lies where it must not. */
static unsigned int drain(struct bench *b)
{
	const struct xdp_desc *d;
	unsigned int bad = 0;

	for (; (d = xsk_rx_peek(&b->xsk)); xsk_rx_release(&b->xsk, false))
		bad += d->addr >= b->xsk.umem_len;
	return bad;
}

/* The driver wants more buffers than it got and finds these; it takes none. */
static void fill_in_the_shadow(void)
{
	struct bench_opts opts = strict;
	uint32_t key = 0, at, i, bad = 0;
	uint64_t *descs;
	struct bench b;

	opts.xsk.fill = 32;
	if (bench_open(&b, &opts) &&
	    CHECK_EQ(bpf_map_update_elem(b.tr.xsks_fd, &key, &b.xsk.fd, 0), 0,
		     "put the socket into the XSKMAP")) {
		descs = b.xsk.fq.desc;
		at = *b.xsk.fq.producer;
		for (i = 0; i < 20; i++)
			descs[at + i] = b.xsk.umem_len + i * b.xsk.chunk_size;
		ring_store(b.xsk.fq.producer, at + i);
		xsk_fill(&b.xsk, 256);
		/* More packets than there were buffers before the lies. */
		CHECK(WAIT_FOR((sink_send(&b.sink, b.near->mac, PROBE_DELIVER, 0,
					  PROBE_MIN_LEN, 8),
				bad += drain(&b), b.xsk.received >= 200)),
		      "%llu received", (unsigned long long)b.xsk.received);
		CHECK(ring_load(b.xsk.fq.consumer) >= at + 20, "the lies were not read");
		CHECK_EQ(bad, 0, "packets received in the shadow");
		bench_push(&b, 50);
		bench_settle(&b, 50, 50);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* A shadow of a quarter: only the last quarter of the chunks can be sent. */
static void not_every_chunk_has_one(void)
{
	const struct bench_opts opts = { .xsk.shadow = CHUNKS / 4 };
	const uint32_t first = CHUNKS - CHUNKS / 4;
	struct nl_counters c;
	struct bench b;
	uint32_t i;

	if (bench_open(&b, &opts)) {
		const uint32_t chunks[] = { 0, first - 1, first, CHUNKS - 1 };

		for (i = 0; i < 40; i++) {
			frame_build(xsk_data(&b.xsk, chunks[i % 4]), b.far->mac,
				    b.near->mac, b.sink.run, PROBE_DATA, i, BENCH_LEN);
			xsk_submit(&b.xsk, chunks[i % 4], BENCH_LEN);
			b.absent += i % 4 < 2;
			CHECK(WAIT_FOR((bench_step(&b), b.xsk.completed == i + 1)),
			      "chunk %u does not come back", chunks[i % 4]);
		}
		bench_settle(&b, 40, 20);
		CHECK_EQ(b.tr.seen->egress, 20, "calls of egress");
		if (bench_counters(&b, &c))
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_DROPPED], 20, "dropped");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

/* Sent, held, dropped by egress and by the timer; then detach; then close. */
static void every_way_back(void)
{
	struct bench b;

	if (bench_open(&b, &strict)) {
		b.tr.orders->nth = 2;
		b.tr.orders->nth_act = ACT_HOLD;
		b.tr.orders->buckets = 4;
		b.tr.orders->delay_ns = 100 * 1000;
		b.sink.nth = 2;
		b.sink.buckets = 4;
		bench_push(&b, 400);
		bench_settle(&b, 400, 400);
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);

		b.tr.orders->act = ACT_DROP;
		b.tr.orders->release = REL_DROP;
		b.absent_nth = 1;
		bench_push(&b, 400);
		bench_settle(&b, 800, 400);
		bench_check_rest(&b, 0);

		b.tr.orders->nth = 0;
		order_hold(&b);
		bench_push(&b, HELD);
		CHECK(WAIT_FOR((bench_step(&b), b.tr.seen->hold_ok == 400 + HELD)),
		      "not held");
		CHECK_EQ(nl_transport_detach(&b.nl, "probe"), 0, "detach");
		bench_settle(&b, 800 + HELD, 400);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
	if (bench_open(&b, &strict) && hold_some(&b)) {
		xsk_close(&b.xsk);
		CHECK(WAIT_FOR(!nl_queues(&b.nl)), "the queue stays");
		CHECK(WAIT_FOR(!module_leaked()), "leaked frames: %ld", module_leaked());
	}
	bench_close(&b);
}

static void told(void)
{
	struct nl_queue q = {};
	struct bench b;

	if (bench_open(&b, &strict)) {
		CHECK_EQ(nl_queue_get(&b.nl, b.near->ifindex, 0, &q), 0, "get");
		CHECK_EQ(q.zerocopy, 1, "zero copy");
		CHECK_EQ(q.strict, 1, "strict");
	}
	bench_close(&b);
	if (bench_open(&b, &plain)) {
		CHECK_EQ(nl_queue_get(&b.nl, b.near->ifindex, 0, &q), 0, "get");
		CHECK_EQ(q.strict, 0, "strict without a shadow");
	}
	bench_close(&b);
}

/* ---- what is refused ------------------------------------------------- */

static void refused(struct bench *b, const struct xsk *x, uint32_t shadow, int err,
		    const char *why)
{
	CHECK_EQ(nl_queue_bind_strict(&b->nl, x->fd, BENCH_TENANT, "probe", shadow),
		 err, why);
	CHECK(strstr(b->nl.why, why), "'%s' instead of '%s'", b->nl.why, why);
}

/* The queue's former socket may still be on its way out. */
static bool open_again(struct xsk *x, const struct xsk_opts *xo)
{
	int ret;

	WAIT_FOR((ret = xsk_open(x, xo)) != -EBUSY);
	return CHECK_EQ(ret, 0, "AF_XDP socket");
}

/* A bench without a bound socket: -> a socket made as @xo says. */
static bool open_bare(struct bench *b, struct xsk_opts *xo)
{
	static const struct bench_opts none = { .no_bind = true };

	if (!bench_open(b, &none))
		return false;
	xsk_close(&b->xsk);
	xo->ifindex = b->near->ifindex;
	return open_again(&b->xsk, xo);
}

static void size_of_the_shadow(void)
{
	struct xsk_opts xo = { .shadow = 1001, .nr_chunks = 1000, .fill = 100 };
	struct bench b;

	if (open_bare(&b, &xo)) {
		refused(&b, &b.xsk, 0, -ERANGE, "out of range");
		refused(&b, &b.xsk, 1001, -EINVAL, "more than half of the UMEM");
		refused(&b, &b.xsk, UINT32_MAX, -EINVAL, "more than half of the UMEM");
		CHECK_EQ(nl_queues(&b.nl), 0, "bound all the same");
		/* Refused, nothing has changed: all of it is the socket's. */
		CHECK_EQ(nl_queue_bind(&b.nl, b.xsk.fd, BENCH_TENANT, "probe", NULL),
			 0, "bind");
		xsk_submit_raw(&b.xsk, b.xsk.umem_len, 64, 0);
		CHECK(WAIT_FOR((xsk_kick(&b.xsk), xsk_reap(&b.xsk),
				b.xsk.foreign == 1)),
		      "not given back");
		CHECK_EQ(b.tr.seen->egress, 1, "calls of egress");
	}
	bench_close(&b);
}

static void not_for_copy_mode(void)
{
	struct xsk_opts xo = { .copy = true, .shadow = CHUNKS };
	struct bench b;

	if (open_bare(&b, &xo))
		refused(&b, &b.xsk, CHUNKS, -EINVAL, "copy mode is strict without");
	bench_close(&b);
}

static void unaligned_chunks(void)
{
	struct xsk_opts xo = {
		.copy = true, .umem_flags = XDP_UMEM_UNALIGNED_CHUNK_FLAG,
	};
	struct bench b;

	if (open_bare(&b, &xo)) {
		CHECK_EQ(bench_bind(&b), -EOPNOTSUPP, "bind");
		CHECK(strstr(b.nl.why, "unaligned chunks"), "'%s'", b.nl.why);
	}
	bench_close(&b);
}

static void multi_buffer(void)
{
	struct xsk_opts xo = { .copy = true, .bind_flags = XDP_USE_SG };
	struct bench b;

	if (open_bare(&b, &xo)) {
		CHECK_EQ(bench_bind(&b), -EOPNOTSUPP, "bind");
		CHECK(strstr(b.nl.why, "multi-buffer"), "'%s'", b.nl.why);
	}
	bench_close(&b);
}

/* Two queues must never have one shadow. */
static void two_queues(void)
{
	struct xsk_opts xo = { .shadow = CHUNKS };
	struct xsk other = { .fd = -1 };
	struct xdp_statistics st = {};
	struct xsk_opts xo2;
	struct bench b;

	if (!open_bare(&b, &xo))
		goto out;
	xo2 = (struct xsk_opts){
		.ifindex = xo.ifindex, .queue = 1, .share = &b.xsk, .nr_chunks = CHUNKS,
	};
	if (xsk_open(&other, &xo2)) {
		ktap_skip("the NIC has one queue");
		goto out;
	}
	refused(&b, &b.xsk, CHUNKS, -EBUSY, "another queue shares");
	xsk_close(&other);
	CHECK(WAIT_FOR(!bench_bind(&b)), "'%s'", b.nl.why);

	/* Who comes later cannot reach the shadow, nor have it. */
	if (!open_again(&other, &xo2))
		goto out;
	refused(&b, &other, CHUNKS, -EBUSY, "another queue shares");
	CHECK_EQ(nl_queue_bind(&b.nl, other.fd, BENCH_TENANT, "probe", NULL), 0, "bind");
	xsk_submit_raw(&other, other.umem_len, 64, 0);
	CHECK(WAIT_FOR((xsk_kick(&other), xsk_reap(&other), other.foreign == 1)),
	      "not given back");
	CHECK_EQ(xsk_statistics(&other, &st), 0, "statistics");
	CHECK_EQ(st.tx_invalid_descs, 1, "descriptors refused");
	xsk_close(&other);

	/* It outlives the first queue. */
	if (!open_again(&other, &xo2))
		goto out;
	xsk_close(&b.xsk);
	CHECK(WAIT_FOR(nl_queue_bind_strict(&b.nl, other.fd, BENCH_TENANT, "probe",
					    CHUNKS) == -EBUSY &&
		       strstr(b.nl.why, "has a shadow already")), "'%s'", b.nl.why);
out:
	xsk_close(&other);
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "a frame rewritten while held goes out so in plain zero copy", rewritten_in_plain },
	{ "and does not in strict mode", rewritten_in_strict },
	{ "programs write to the copy", edited },
	{ "every length and offset", every_length_and_offset },
	{ "the frame of a held packet again", submitted_again },
	{ "TX descriptors in the shadow", tx_in_the_shadow },
	{ "fill ring addresses in the shadow", fill_in_the_shadow },
	{ "chunks without a shadow are not sent", not_every_chunk_has_one },
	{ "every frame comes back", every_way_back },
	{ "queue-get tells", told },
	{ "refused: a shadow too small or too large", size_of_the_shadow },
	{ "refused: a shadow in copy mode", not_for_copy_mode },
	{ "refused: unaligned chunks", unaligned_chunks },
	{ "refused: multi-buffer", multi_buffer },
	{ "refused: one shadow for two queues", two_queues },
};

const struct ktap_suite suite_strict = KTAP_SUITE("strict", cases);
