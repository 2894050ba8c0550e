// SPDX-License-Identifier: GPL-2.0-only
/* Hold and release: order, delay, out-of-order completion, no lost packet. */
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define COUNT	2100

/* Told of the sink too, so that it knows which packets keep which order. */
static void order_hold(struct bench *b, uint32_t nth, uint32_t buckets,
		       uint64_t delay_ns)
{
	struct orders *o = b->tr.orders;

	o->nth = nth;
	o->nth_act = ACT_HOLD;
	o->buckets = buckets;
	o->delay_ns = delay_ns;
	b->sink.nth = nth;
	b->sink.buckets = buckets;
}

static void check_done(struct bench *b, uint64_t count, uint64_t held)
{
	struct nl_counters c;

	bench_settle(b, count, count);
	CHECK_EQ(b->tr.seen->hold_ok, held, "packets held");
	CHECK_EQ(b->tr.seen->rel_sent, held, "packets released");
	if (bench_counters(b, &c)) {
		CHECK_EQ(c.v[ETRAN_A_COUNTERS_HELD], held, "counter of held");
		CHECK_EQ(c.v[ETRAN_A_COUNTERS_SENT], count, "counter of sent");
	}
	bench_check_rest(b, 0);
	bench_check_sink(b);
	bench_check_seen(b);
}

static void every_third_at_once(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 3, 1, 0);
		bench_push(&b, COUNT);
		check_done(&b, COUNT, COUNT / 3);
	}
	bench_close(&b);
}

static void every_third_delayed(void)
{
	uint64_t delay = 2 * NSEC_PER_MSEC, seq, early = 0;
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 3, 1, delay);
		bench_push(&b, COUNT);
		check_done(&b, COUNT, COUNT / 3);
		CHECK(b.xsk.ooo > 0,
		      "no completion overtook a held packet's, of %d", COUNT);
		/* The first of an idle bucket waits the whole delay. */
		for (seq = 0; seq < 3; seq += 3)
			early += b.sink.lat_ns[seq] < delay;
		CHECK_EQ(early, 0, "released before their time");
	}
	bench_close(&b);
}

static void all_in_sixteen_buckets(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 1, PROBE_BUCKETS, NSEC_PER_MSEC);
		bench_push(&b, COUNT);
		check_done(&b, COUNT, COUNT);
	}
	bench_close(&b);
}

/* Nobody kicks after the last submission: the module must wake the driver. */
static void only_the_timer_wakes(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 1, 1, 30 * NSEC_PER_MSEC);
		b.window = 200;
		bench_push(&b, 200);
		WAIT_FOR((bench_step(&b), !xsk_pending(&b.xsk)));
		/* From here on bench_settle() never enters the kernel to send. */
		check_done(&b, 200, 200);
	}
	bench_close(&b);
}

/* A run takes at most one packet; the timer must come again for the rest. */
static void one_packet_per_run(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 1, 2, 0);
		b.tr.orders->budget = 1;
		bench_push(&b, 1000);
		check_done(&b, 1000, 1000);
	}
	bench_close(&b);
}

static void released_dropped(void)
{
	struct nl_counters c;
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		order_hold(&b, 1, 4, 0);
		b.tr.orders->release = REL_DROP;
		bench_push(&b, COUNT);
		bench_settle(&b, COUNT, 0);
		bench_fence(&b);
		CHECK_EQ(b.sink.received, 0, "dropped packets received");
		CHECK_EQ(b.tr.seen->rel_dropped, COUNT, "drops by the timer");
		if (bench_counters(&b, &c))
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_DROPPED], COUNT, "dropped");
		bench_check_rest(&b, 0);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void requeued_to_the_front(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 1, 2, 0);
		b.tr.orders->release = REL_REQUEUE;
		b.tr.orders->requeues = 500;
		bench_push(&b, 1000);
		check_done(&b, 1000, 1000);
		CHECK_EQ(b.tr.seen->requeued, 500, "requeued");
	}
	bench_close(&b);
}

static void moved_to_another_bucket(void)
{
	struct bench b;
	unsigned int i;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 1, 4, 0);
		b.tr.orders->release = REL_MOVE;
		/* Requeueing is to the front: one at a time keeps the order. */
		b.window = 1;
		for (i = 0; i < 300 && bench_push(&b, 1); i++)
			;
		check_done(&b, 300, 300);
		CHECK_EQ(b.tr.seen->requeued, 300, "moved");
	}
	bench_close(&b);
}

static void rewritten_while_held(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 2, 1, NSEC_PER_MSEC);
		b.tr.orders->release = REL_EDIT;
		bench_push(&b, 1000);
		check_done(&b, 1000, 500);
		CHECK_EQ(b.sink.edited, 500, "edits seen far away");
	}
	bench_close(&b);
}

static void rewritten_then_held(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		order_hold(&b, 2, 1, NSEC_PER_MSEC);
		b.tr.orders->nth_act = ACT_EDIT_HOLD;
		bench_push(&b, 1000);
		check_done(&b, 1000, 500);
		CHECK_EQ(b.sink.edited, 500, "edits seen far away");
	}
	bench_close(&b);
}

/* Hold 300 until told; then the depths, the counters, and the way out. */
static void depth(void)
{
	struct nl_counters c;
	struct bench b;
	uint32_t i;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		order_hold(&b, 1, 3, 0);
		b.tr.orders->no_arm = 1;
		b.window = 200;
		bench_push(&b, 150);
		WAIT_FOR((bench_step(&b), b.tr.seen->hold_ok >= 150));
		for (i = 0; i < 3; i++)
			CHECK_EQ(transport_depth(&b.tr, i), 50, "depth");
		CHECK_EQ(transport_depth(&b.tr, 3), 0, "depth of an empty one");
		CHECK(transport_depth(&b.tr, PROBE_BUCKETS) < 0,
		      "depth of a bucket that is not there");
		bench_check_rest(&b, 150);
		if (bench_counters(&b, &c))
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_SENT], 0, "sent");
		bench_fence(&b);
		CHECK_EQ(b.sink.received, 0, "received while held");
		for (i = 0; i < 3; i++)
			CHECK_EQ(transport_arm(&b.tr, i, 0, 1), 0, "arm");
		check_done(&b, 150, 150);
		for (i = 0; i < 3; i++)
			CHECK_EQ(transport_depth(&b.tr, i), 0, "depth after");
	}
	bench_close(&b);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

struct armer {
	struct transport *tr;
	bool stop;
	uint64_t arms;
	pthread_t thread;
};

static void *arm_for_ever(void *data)
{
	struct armer *a = data;

	pin(1);
	while (!__atomic_load_n(&a->stop, __ATOMIC_ACQUIRE)) {
		if (transport_arm(a->tr, 0, 0, 16))
			break;
		a->arms += 16;
	}
	return NULL;
}

/*
 * Another CPU runs the bucket's timer all the time, also between a packet's
 * hold and the return of its egress program, when it is not there yet to be
 * dequeued. Publishing must then run the timer again: when the other CPU has
 * stopped, every packet still comes out.
 */
static void dequeue_races_with_hold(void)
{
	struct armer a = {};
	struct bench b;

	pin(0);
	if (bench_open(&b, NULL)) {
		order_hold(&b, 1, 1, 0);
		b.tr.orders->budget = 64;
		a.tr = &b.tr;
		pthread_create(&a.thread, NULL, arm_for_ever, &a);
		bench_push(&b, COUNT);
		__atomic_store_n(&a.stop, true, __ATOMIC_RELEASE);
		pthread_join(a.thread, NULL);
		ktap_note("%llu arms from the other CPU",
			  (unsigned long long)a.arms);
		CHECK(a.arms > 0, "the other CPU could not arm");
		bench_settle(&b, COUNT, COUNT);
		/* Two CPUs send: on veth each has its own queue on the way. */
		if (!bench_zerocopy())
			b.sink.ooo = 0;
		check_done(&b, COUNT, COUNT);
	}
	bench_close(&b);
}

/* More than a bucket holds: refused, dropped by the program, given back. */
static void full(void)
{
	uint64_t held, refused;
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		order_hold(&b, 1, 1, 0);
		b.tr.orders->no_arm = 1;
		b.window = 700;
		bench_push(&b, 700);
		WAIT_FOR((bench_step(&b), b.tr.seen->egress >= 700));
		held = b.tr.seen->hold_ok;
		refused = b.tr.seen->hold_err;
		CHECK_EQ(held, PROBE_BUCKET_LIMIT, "held");
		CHECK_EQ(refused, 700 - PROBE_BUCKET_LIMIT, "refused");
		CHECK_EQ(b.tr.seen->hold_errno, -ENOSPC, "errno");
		bench_settle(&b, refused, 0);
		bench_check_rest(&b, held);
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		bench_settle(&b, 700, held);
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* A frame comes back only when its packet has left, not when it was held. */
static void frames_stay_while_held(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		order_hold(&b, 2, 1, 0);
		b.tr.orders->no_arm = 1;
		b.window = 200;
		b.sink.nth = 2;
		bench_push(&b, 100);
		WAIT_FOR((bench_step(&b), b.xsk.completed >= 50));
		bench_fence(&b);
		CHECK_EQ(b.xsk.completed, 50, "completions while 50 are held");
		CHECK_EQ(b.sink.received, 50, "received while 50 are held");
		bench_check_rest(&b, 50);
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		check_done(&b, 100, 50);
	}
	bench_close(&b);
}

/* A timer that forgets what it dequeued: the frame comes back all the same. */
static void forgotten_by_the_timer(void)
{
	static const struct bench_opts opts = { .tr.ops = "leaky" };
	struct bench b;

	if (bench_open(&b, &opts)) {
		b.absent_nth = 1;
		order_hold(&b, 1, 1, 0);
		b.window = 100;
		bench_push(&b, 50);
		CHECK(WAIT_FOR((bench_step(&b), b.tr.seen->egress >= 50)),
		      "egress saw %llu", (unsigned long long)b.tr.seen->egress);
		WAIT_FOR((transport_arm(&b.tr, 0, 0, 1), bench_step(&b),
			  transport_depth(&b.tr, 0) == 0));
		bench_settle(&b, 50, 0);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "every_third_at_once", every_third_at_once },
	{ "every_third_delayed", every_third_delayed },
	{ "all_in_sixteen_buckets", all_in_sixteen_buckets },
	{ "only_the_timer_wakes", only_the_timer_wakes },
	{ "one_packet_per_run", one_packet_per_run },
	{ "released_dropped", released_dropped },
	{ "requeued_to_the_front", requeued_to_the_front },
	{ "moved_to_another_bucket", moved_to_another_bucket },
	{ "rewritten_while_held", rewritten_while_held },
	{ "rewritten_then_held", rewritten_then_held },
	{ "depth", depth },
	{ "frames_stay_while_held", frames_stay_while_held },
	{ "full", full },
	{ "forgotten_by_the_timer", forgotten_by_the_timer },
	{ "dequeue_races_with_hold", dequeue_races_with_hold },
};

const struct ktap_suite suite_hold = KTAP_SUITE("hold", cases);
