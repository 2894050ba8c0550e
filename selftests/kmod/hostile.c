// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tenant that lies: with descriptors, with the indexes of its rings, with
 * the bytes of packets that the kernel has. It may harm itself; the kernel
 * counts right all the same, and the next socket finds everything in order.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

/* After the liar has gone: no leak, and an honest socket has all it needs. */
static void check_next_socket(void)
{
	struct bench b;

	CHECK(WAIT_FOR(module_leaked() == 0), "leaked frames: %ld",
	      module_leaked());
	if (bench_open(&b, NULL)) {
		b.tr.orders->nth = 2;
		b.tr.orders->nth_act = ACT_HOLD;
		b.sink.nth = 2;
		bench_push(&b, 300);
		bench_settle(&b, 300, 300);
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

/* At rest by the kernel's own books, whatever the tenant's rings say. */
static bool balanced(struct bench *b, struct nl_counters *c)
{
	struct nl_queue q;

	bench_step(b);
	if (nl_queue_get(&b->nl, b->near->ifindex, b->queue, &q))
		return false;
	*c = q.c;
	return c->v[ETRAN_A_COUNTERS_PEEKED] ==
	       c->v[ETRAN_A_COUNTERS_COMPLETED] +
	       c->v[ETRAN_A_COUNTERS_HOLDING] +
	       c->v[ETRAN_A_COUNTERS_IN_NIC] &&
	       !c->v[ETRAN_A_COUNTERS_IN_NIC];
}

static void check_balanced(struct bench *b)
{
	struct nl_counters c = {};

	CHECK(WAIT_FOR(balanced(b, &c)),
	      "peeked %llu, completed %llu, holding %llu, in the NIC %llu",
	      (unsigned long long)c.v[ETRAN_A_COUNTERS_PEEKED],
	      (unsigned long long)c.v[ETRAN_A_COUNTERS_COMPLETED],
	      (unsigned long long)c.v[ETRAN_A_COUNTERS_HOLDING],
	      (unsigned long long)c.v[ETRAN_A_COUNTERS_IN_NIC]);
}

/*
 * Descriptors that lie outside of the UMEM, or are too long, between good
 * ones. AF_XDP itself refuses them and gives them back as they are; egress
 * does not see them. Only in zero copy they pass through the module's books.
 */
static void bad_descriptors(void)
{
	struct xdp_statistics st;
	struct nl_counters c;
	struct bench b;
	unsigned int i, bad = 0, back;

	if (bench_open(&b, NULL)) {
		/* A chunk for RX, which no good one uses. */
		const uint64_t own = b.xsk.umem_len - b.xsk.chunk_size;
		const struct { uint64_t addr; uint32_t len, options; } lies[] = {
			{ b.xsk.umem_len, 64, 0 },
			{ b.xsk.umem_len - 32, 64, 0 },
			{ UINT64_MAX, 64, 0 },
			{ UINT64_MAX - 63, 64, 0 },
			{ 1ULL << 48, 64, 0 },
			{ 1ULL << 63, 64, 0 },
			{ (uintptr_t)b.xsk.umem, 64, 0 },
			{ own, b.xsk.chunk_size + 1, 0 },
			{ own, UINT32_MAX, 0 },
			{ own, 0, 0 },
			{ own + b.xsk.chunk_size - 10, 64, 0 },
			{ own, 64, 1U << 31 },
			{ own, 64, 1U << 2 },
		};

		for (i = 0; i < 10 * ARRAY_SIZE(lies); i++) {
			unsigned int n = i % ARRAY_SIZE(lies);

			xsk_submit_raw(&b.xsk, lies[n].addr, lies[n].len,
				       lies[n].options);
			bad++;
			if (!bench_push(&b, 2))
				break;
		}
		bench_settle(&b, 2 * bad, 2 * bad);
		CHECK_EQ(b.tr.seen->egress, 2 * bad, "calls of egress");
		CHECK_EQ(xsk_statistics(&b.xsk, &st), 0, "statistics");
		CHECK_EQ(st.tx_invalid_descs, bad, "descriptors refused");
		CHECK_EQ(b.xsk.dup + b.xsk.foreign, bad, "lies that came back");
		back = bench_zerocopy() ? bad : 0;
		if (bench_counters(&b, &c)) {
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_PEEKED], 2 * bad + back,
				 "peeked");
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_COMPLETED],
				 2 * bad + back, "completed");
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_IN_NIC], 0, "in the NIC");
		}
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

/* Too short for any header: egress cannot read it, and it comes back. */
static void tiny_packets(void)
{
	struct bench b;
	unsigned int len;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		for (len = 1; len < 54; len++) {
			xsk_submit(&b.xsk, xsk_chunk(&b.xsk), len);
			b.absent++;
		}
		bench_settle(&b, 53, 0);
		CHECK_EQ(b.tr.seen->data_null, 53, "too short to read");
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

static void hold_all(struct bench *b)
{
	b->absent_nth = 1;
	b->window = 500;
	b->tr.orders->act = ACT_HOLD;
	b->tr.orders->buckets = 1;
	b->tr.orders->no_arm = 1;
}

/* Submit the frame of a held packet again, also from another offset. */
static void frame_submitted_twice(void)
{
	struct nl_counters c;
	uint32_t i, chunk = 0;
	struct bench b;

	if (bench_open(&b, NULL)) {
		hold_all(&b);
		/* The first free chunk is chunk 0. */
		bench_push(&b, 1);
		CHECK(WAIT_FOR((bench_step(&b), b.tr.seen->hold_ok == 1)),
		      "not held");
		for (i = 0; i < 5; i++) {
			xsk_submit(&b.xsk, chunk, BENCH_LEN);
			b.xsk.in_kernel[chunk]++;
			b.xsk.submitted++;
			xsk_submit_raw(&b.xsk, 64 * i, 64, 0);
		}
		CHECK(WAIT_FOR((bench_step(&b), b.xsk.completed >= 10)),
		      "%llu of 10 came back",
		      (unsigned long long)b.xsk.completed);
		bench_check_rest(&b, 1);
		if (bench_counters(&b, &c))
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_BUSY_CHUNK], 10,
				 "busy-chunk");
		CHECK_EQ(b.tr.seen->egress, 1, "calls of egress");
		transport_arm(&b.tr, 0, 0, 1);
		bench_settle(&b, 11, 1);
		bench_check_rest(&b, 0);
		/* Given back, the frame is good again. */
		b.tr.orders->act = ACT_SEND;
		b.absent_nth = 0;
		b.absent = b.xsk.submitted - 1;
		bench_push(&b, 1);
		bench_settle(&b, 12, 2);
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* One frame many times in one burst, with no hold in between. */
static void frame_submitted_in_bursts(void)
{
	uint32_t i, round, chunk = 0;
	struct bench b;

	if (bench_open(&b, NULL)) {
		frame_build(xsk_data(&b.xsk, chunk), b.far->mac, b.near->mac,
			    b.sink.run, PROBE_DATA, 0, BENCH_LEN);
		for (round = 0; round < 10; round++) {
			for (i = 0; i < 60; i++)
				xsk_submit(&b.xsk, chunk, BENCH_LEN);
			CHECK(WAIT_FOR((bench_step(&b),
					b.xsk.completed == b.xsk.submitted)),
			      "%llu of %llu came back",
			      (unsigned long long)b.xsk.completed,
			      (unsigned long long)b.xsk.submitted);
		}
		CHECK_EQ(b.sink.corrupt, 0, "damaged");
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
	check_next_socket();
}

/*
 * Bytes rewritten while the packet is held. In copy mode and in strict mode the
 * kernel has its own; in plain zero copy the lie goes out, and the program's state stays what it
 * was: the private memory is the kernel's.
 */
static void bytes_rewritten_while_held(void)
{
	struct bench b;
	uint32_t i;

	if (bench_open(&b, NULL)) {
		hold_all(&b);
		bench_push(&b, 50);
		CHECK(WAIT_FOR((bench_step(&b), b.tr.seen->hold_ok == 50)),
		      "not held");
		for (i = 0; i < 50; i++)
			memset(xsk_data(&b.xsk, i), 0xff, BENCH_LEN);
		transport_arm(&b.tr, 0, 0, 1);
		bench_settle(&b, 50, bench_final(&b) ? 50 : 0);
		CHECK_EQ(b.tr.seen->priv_bad, 0, "private memory changed");
		CHECK_EQ(b.tr.seen->bucket_ooo, 0, "order changed");
		CHECK_EQ(b.tr.seen->held_bad, bench_final(&b) ? 0 : 50,
			 "packets that BPF saw changed");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* The producer of TX far ahead of what was written. */
static void tx_producer_ahead(void)
{
	static const uint32_t jumps[] = {
		2048, 2049, 4096, 1U << 16, 1U << 31, UINT32_MAX,
	};
	struct bench b;
	unsigned int i, n;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		b.tr.orders->nth = 2;
		b.tr.orders->nth_act = ACT_HOLD;
		b.tr.orders->buckets = 2;
		for (i = 0; i < ARRAY_SIZE(jumps); i++) {
			uint32_t *prod = b.xsk.tx.producer;

			for (n = 0; n < 40; n++)
				bench_submit(&b);
			ring_store(prod, *prod + jumps[i]);
			for (n = 0; n < 30; n++) {
				xsk_kick(&b.xsk);
				xsk_reap(&b.xsk);
				sink_poll(&b.sink);
			}
			ring_store(prod, ring_load(b.xsk.tx.consumer));
			check_balanced(&b);
		}
	}
	bench_close(&b);
	check_next_socket();
}

static void scribble(uint32_t *index, uint64_t *rng)
{
	*rng = *rng * 6364136223846793005ULL + 1442695040888963407ULL;
	ring_store(index, *rng >> 60 < 12 ? *index + (*rng >> 56 & 15) :
		   *rng >> 28);
}

static void set_mixed_orders(struct bench *b)
{
	b->tr.orders->nth = 3;
	b->tr.orders->nth_act = ACT_HOLD;
	b->tr.orders->buckets = 4;
	b->tr.orders->delay_ns = 100 * 1000;
}

/* Both indexes of the completion ring, between all kinds of traffic. */
static void completion_ring_corrupted(void)
{
	uint64_t rng = 1;
	struct bench b;
	unsigned int i, n;

	if (bench_open(&b, NULL)) {
		set_mixed_orders(&b);
		for (i = 0; i < 200; i++) {
			for (n = 0; n < 10; n++)
				bench_submit(&b);
			xsk_kick(&b.xsk);
			scribble(b.xsk.cq.producer, &rng);
			scribble(b.xsk.cq.consumer, &rng);
			/* What the tenant believes is of no interest now. */
			b.xsk.free_nr = b.xsk.nr_chunks / 2;
			sink_poll(&b.sink);
		}
		CHECK_EQ(b.sink.corrupt, 0, "damaged");
	}
	bench_close(&b);
	check_next_socket();
}

struct scribbler {
	struct xsk *x;
	bool stop;
	uint64_t rounds;
	pthread_t thread;
};

static void *scribble_for_ever(void *data)
{
	struct scribbler *s = data;
	uint64_t rng = 42;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		scribble(s->x->tx.producer, &rng);
		scribble(s->x->tx.consumer, &rng);
		scribble(s->x->cq.producer, &rng);
		scribble(s->x->cq.consumer, &rng);
		scribble(s->x->fq.producer, &rng);
		scribble(s->x->fq.consumer, &rng);
		scribble(s->x->rx.producer, &rng);
		scribble(s->x->rx.consumer, &rng);
		__atomic_fetch_add(&s->rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Everything it shares, from another thread, while the kernel is at it. */
static void all_rings_corrupted(void)
{
	static const struct bench_opts opts = { .xsk.fill = 512 };
	struct scribbler s = {};
	struct bench b;
	unsigned int i, n;

	if (bench_open(&b, &opts)) {
		set_mixed_orders(&b);
		s.x = &b.xsk;
		pthread_create(&s.thread, NULL, scribble_for_ever, &s);
		CHECK(WAIT_FOR(__atomic_load_n(&s.rounds, __ATOMIC_ACQUIRE)),
		      "no scribble");
		for (i = 0; i < 300; i++) {
			struct xdp_desc *d = b.xsk.tx.desc;

			for (n = 0; n < b.xsk.tx.size; n += 7) {
				uint32_t chunk = (n + i) % (b.xsk.nr_chunks / 2);

				d[n] = (struct xdp_desc){
					.addr = chunk * 2048ULL,
					.len = n % 3 ? BENCH_LEN : n,
				};
			}
			xsk_kick(&b.xsk);
			sink_poll(&b.sink);
		}
		__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
		pthread_join(s.thread, NULL);
	}
	bench_close(&b);
	check_next_socket();
}

static void *kick_for_ever(void *data)
{
	struct scribbler *s = data;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE))
		sendto(s->x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	return NULL;
}

/* Detach and attach while another thread keeps the driver awake. */
static void kicks_from_two_threads(void)
{
	struct scribbler s = {};
	struct bench b;
	unsigned int i;

	if (bench_open(&b, NULL)) {
		set_mixed_orders(&b);
		s.x = &b.xsk;
		b.window = 300;
		pthread_create(&s.thread, NULL, kick_for_ever, &s);
		for (i = 0; i < 10; i++) {
			b.absent = b.xsk.submitted - b.sink.received;
			bench_push(&b, 150);
			transport_detach(&b.tr);
			CHECK_EQ(transport_attach(&b.tr), 0, "attach");
		}
		bench_settle_frames(&b);
		__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
		pthread_join(s.thread, NULL);
		bench_check_rest(&b, 0);
		CHECK_EQ(b.sink.dup, 0, "received twice");
		CHECK_EQ(b.sink.corrupt, 0, "damaged");
	}
	bench_close(&b);
	check_next_socket();
}

static const struct ktap_case cases[] = {
	{ "bad_descriptors", bad_descriptors },
	{ "tiny_packets", tiny_packets },
	{ "frame_submitted_twice", frame_submitted_twice },
	{ "frame_submitted_in_bursts", frame_submitted_in_bursts },
	{ "bytes_rewritten_while_held", bytes_rewritten_while_held },
	{ "tx_producer_ahead", tx_producer_ahead },
	{ "completion_ring_corrupted", completion_ring_corrupted },
	{ "all_rings_corrupted", all_rings_corrupted },
	{ "kicks_from_two_threads", kicks_from_two_threads },
};

const struct ktap_suite suite_hostile = KTAP_SUITE("hostile", cases);
