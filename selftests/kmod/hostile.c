// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tenant that lies: with descriptors, with the indexes of its rings, with
 * the bytes of packets that the kernel has. It may harm itself; the kernel
 * counts right all the same, and the next socket finds everything in order.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
	       c->v[ETRAN_A_COUNTERS_REFUSED] +
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

static uint64_t counter(struct bench *b, int which)
{
	struct nl_counters c = {};

	bench_counters(b, &c);
	return c.v[which];
}

/*
 * Submit the frame of a held packet again, also from another offset. In zero copy its
 * frame comes back once, with the packet that is held.
 */
static void frame_submitted_twice(void)
{
	bool zc = bench_zerocopy();
	uint32_t i, chunk = 0;
	struct bench b;

	if (bench_open(&b, NULL)) {
		hold_all(&b);
		/* The first free chunk is chunk 0. */
		bench_push(&b, 1);
		CHECK(WAIT_FOR((bench_step(&b), b.tr.seen->hold_ok == 1)),
		      "not held");
		for (i = 0; i < 10; i++) {
			if (!zc) {
				b.xsk.in_kernel[chunk]++;
				b.xsk.submitted++;
			}
			xsk_submit_raw(&b.xsk, i < 5 ? 0 : 64 * i, 64, 0);
		}
		CHECK(WAIT_FOR((bench_step(&b),
				counter(&b, ETRAN_A_COUNTERS_BUSY_CHUNK) == 10)),
		      "busy-chunk %llu", (unsigned long long)
		      counter(&b, ETRAN_A_COUNTERS_BUSY_CHUNK));
		b.refused = zc ? 10 : 0;
		CHECK(WAIT_FOR((bench_step(&b), b.xsk.completed == 10 - b.refused)),
		      "%llu came back", (unsigned long long)b.xsk.completed);
		bench_check_rest(&b, 1);
		CHECK_EQ(b.tr.seen->egress, 1, "calls of egress");
		transport_arm(&b.tr, 0, 0, 1);
		bench_settle(&b, 11 - b.refused, 1);
		bench_check_rest(&b, 0);
		/* Given back, the frame is good again. */
		b.tr.orders->act = ACT_SEND;
		b.absent_nth = 0;
		b.absent = b.xsk.submitted - 1;
		bench_push(&b, 1);
		bench_settle(&b, 12 - b.refused, 2);
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
		for (round = 1; round <= 10; round++) {
			for (i = 0; i < 60; i++)
				xsk_submit(&b.xsk, chunk, BENCH_LEN);
			CHECK(WAIT_FOR((bench_step(&b), b.xsk.completed +
					counter(&b, ETRAN_A_COUNTERS_REFUSED) ==
					b.xsk.submitted)),
			      "%llu of %llu came back",
			      (unsigned long long)b.xsk.completed,
			      (unsigned long long)b.xsk.submitted);
			CHECK(b.xsk.completed >= round, "none in round %u", round);
		}
		CHECK_EQ(b.sink.corrupt, 0, "damaged");
		b.refused = counter(&b, ETRAN_A_COUNTERS_REFUSED);
		b.xsk.submitted -= b.refused;
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

/*
 * A ring smaller than what the NIC holds, and a consumer index that says that there
 * is room, or none, or nonsense. The tenant is honest again afterwards, and every one
 * of its frames must be good for another packet.
 */
static void lie_about_room(uint32_t lead)
{
	static const struct bench_opts opts = { .xsk.cq_size = 64 };
	unsigned int i, n, frames;
	uint64_t seen, arrived;
	struct bench b;

	if (!bench_zerocopy()) {
		ktap_skip("in copy mode the ring is the core's");
		return;
	}
	if (!bench_open(&b, &opts))
		goto out;
	frames = b.xsk.nr_chunks / 2;
	for (n = 0; n < frames / 256; n++) {
		for (i = 0; i < 256; i++)
			bench_submit(&b);
		/* Whatever it tells, the kernel goes on. */
		for (i = 0; i < 40; i++) {
			ring_store(b.xsk.cq.consumer,
				   ring_load(b.xsk.cq.producer) + lead);
			xsk_kick(&b.xsk);
			sink_poll(&b.sink);
		}
	}
	CHECK(WAIT_FOR((xsk_kick(&b.xsk),
			ring_store(b.xsk.cq.consumer, ring_load(b.xsk.cq.producer)),
			balanced(&b, &(struct nl_counters){}) &&
			counter(&b, ETRAN_A_COUNTERS_PEEKED) == frames &&
			!counter(&b, ETRAN_A_COUNTERS_HOLDING))),
	      "peeked %llu, completed %llu, refused %llu, holding %llu, in the NIC %llu",
	      (unsigned long long)counter(&b, ETRAN_A_COUNTERS_PEEKED),
	      (unsigned long long)counter(&b, ETRAN_A_COUNTERS_COMPLETED),
	      (unsigned long long)counter(&b, ETRAN_A_COUNTERS_REFUSED),
	      (unsigned long long)counter(&b, ETRAN_A_COUNTERS_HOLDING),
	      (unsigned long long)counter(&b, ETRAN_A_COUNTERS_IN_NIC));
	CHECK_EQ(counter(&b, ETRAN_A_COUNTERS_PEEKED), frames, "peeked");
	CHECK_EQ(counter(&b, ETRAN_A_COUNTERS_COMPLETED), frames, "completed");
	bench_fence(&b);
	seen = b.tr.seen->egress;
	arrived = b.sink.received;
	for (n = 0; n < frames; n++) {
		frame_build(xsk_data(&b.xsk, n), b.far->mac, b.near->mac, b.sink.run,
			    PROBE_DATA, b.next_seq++, BENCH_LEN);
		xsk_submit_raw(&b.xsk, (uint64_t)n * b.xsk.chunk_size, BENCH_LEN, 0);
		if (n % 32)
			continue;
		for (i = 0; i < 20; i++) {
			xsk_kick(&b.xsk);
			ring_store(b.xsk.cq.consumer, ring_load(b.xsk.cq.producer));
			sink_poll(&b.sink);
		}
	}
	CHECK(WAIT_FOR((xsk_kick(&b.xsk), sink_poll(&b.sink),
			ring_store(b.xsk.cq.consumer, ring_load(b.xsk.cq.producer)),
			counter(&b, ETRAN_A_COUNTERS_COMPLETED) == 2 * frames)),
	      "%llu of %u came back the second time", (unsigned long long)
	      counter(&b, ETRAN_A_COUNTERS_COMPLETED) - frames, frames);
	CHECK_EQ(counter(&b, ETRAN_A_COUNTERS_BUSY_CHUNK), 0, "frames still in the kernel");
	CHECK_EQ(b.tr.seen->egress, seen + frames, "calls of egress");
	CHECK(b.sink.received > arrived, "none arrived");
	CHECK_EQ(b.sink.corrupt, 0, "damaged");
out:
	bench_close(&b);
	check_next_socket();
}

/* The ring looks as if it had room for ever. */
static void consumer_far_ahead(void)
{
	lie_about_room(1U << 20);
}

/* As if all that the NIC has had been taken. */
static void consumer_just_ahead(void)
{
	lie_about_room(64);
}

/* As if the kernel had written more than fits. */
static void consumer_behind(void)
{
	lie_about_room(-65U);
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

/* Descriptors of all kinds, as fast as the kernel takes them. */
static void flood(struct bench *b, unsigned int rounds)
{
	struct xdp_desc *d = b->xsk.tx.desc;
	unsigned int i, n;

	for (i = 0; i < rounds; i++) {
		for (n = 0; n < b->xsk.tx.size; n += 7)
			d[n] = (struct xdp_desc){
				.addr = (n + i) % (b->xsk.nr_chunks / 2) * 2048ULL,
				.len = n % 3 ? BENCH_LEN : n,
			};
		sendto(b->xsk.fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
		sink_poll(&b->sink);
	}
}

/* The same while the transport goes and comes again. */
static void rings_corrupted_while_detaching(void)
{
	static const struct bench_opts opts = { .xsk = { .fill = 512, .cq_size = 64 } };
	struct scribbler s = {};
	struct bench b;
	unsigned int i;

	if (bench_open(&b, &opts)) {
		set_mixed_orders(&b);
		s.x = &b.xsk;
		pthread_create(&s.thread, NULL, scribble_for_ever, &s);
		for (i = 0; i < 10; i++) {
			flood(&b, 20);
			transport_detach(&b.tr);
			flood(&b, 10);
			CHECK_EQ(transport_attach(&b.tr), 0, "attach");
		}
		__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
		pthread_join(s.thread, NULL);
	}
	bench_close(&b);
	check_next_socket();
}

static void *scribble_umem(void *data)
{
	struct scribbler *s = data;
	uint64_t rng = 7;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
		((uint64_t *)s->x->umem)[(rng >> 33) % (s->x->umem_len / 8)] = rng;
	}
	return NULL;
}

static void scribbling_child(struct bench *b)
{
	struct scribbler s = { .x = &b->xsk };

	pthread_create(&s.thread, NULL, scribble_for_ever, &s);
	for (;;)
		flood(b, 1);
}

/* A process is killed while it scribbles; its UMEM another one scribbles over still. */
static void scribbler_killed(void)
{
	static const struct bench_opts opts = { .xsk = { .fill = 512, .cq_size = 64 } };
	struct scribbler s;
	struct bench b;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < 5; i++) {
		s = (struct scribbler){ .x = &b.xsk };
		if (bench_open(&b, &opts)) {
			set_mixed_orders(&b);
			pid = fork();
			if (!pid)
				scribbling_child(&b);
			/* The child's is the last reference to the socket. */
			xsk_leave(&b.xsk);
			pthread_create(&s.thread, NULL, scribble_umem, &s);
			CHECK(WAIT_FOR((sink_poll(&b.sink), b.tr.seen->egress > 200)),
			      "egress saw %llu", (unsigned long long)b.tr.seen->egress);
			kill(pid, SIGKILL);
			CHECK_EQ(waitpid(pid, NULL, 0), pid, "wait for the child");
			CHECK(WAIT_FOR(nl_queue_get(&b.nl, b.near->ifindex, b.queue,
						    &(struct nl_queue){}) == -ENOENT),
			      "the queue is still there");
			__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
			pthread_join(s.thread, NULL);
		}
		bench_close(&b);
	}
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
	{ "consumer_far_ahead", consumer_far_ahead },
	{ "consumer_just_ahead", consumer_just_ahead },
	{ "consumer_behind", consumer_behind },
	{ "all_rings_corrupted", all_rings_corrupted },
	{ "rings_corrupted_while_detaching", rings_corrupted_while_detaching },
	{ "scribbler_killed", scribbler_killed },
	{ "kicks_from_two_threads", kicks_from_two_threads },
};

const struct ktap_suite suite_hostile = KTAP_SUITE("hostile", cases);
