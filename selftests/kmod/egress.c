// SPDX-License-Identifier: GPL-2.0-only
/* Egress: what its verdicts and its hands on the bytes do to a packet. */
#include <errno.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define COUNT	2100

static uint64_t counter(struct bench *b, int which)
{
	struct nl_counters c = {};

	bench_counters(b, &c);
	return c.v[which];
}

static void send_all(void)
{
	struct bench b;

	if (bench_open(&b, NULL) && bench_push(&b, COUNT)) {
		bench_settle(&b, COUNT, COUNT);
		CHECK_EQ(b.tr.seen->egress, COUNT, "calls of egress");
		CHECK_EQ(b.xsk.ooo, 0, "completions out of order");
		CHECK_EQ(counter(&b, ETRAN_A_COUNTERS_SENT), COUNT, "sent");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void all_lengths(void)
{
	static const uint32_t lens[] = { 64, 65, 127, 256, 1001, 1513, 1514 };
	uint64_t total = 0;
	struct bench b;
	unsigned int i;

	if (bench_open(&b, NULL)) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			b.len = lens[i];
			if (!bench_push(&b, 100))
				break;
			total += 100;
		}
		bench_settle(&b, total, total);
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void drop_every_third(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 3;
		b.tr.orders->nth = 3;
		b.tr.orders->nth_act = ACT_DROP;
		bench_push(&b, COUNT);
		bench_settle(&b, COUNT, COUNT - COUNT / 3);
		CHECK_EQ(counter(&b, ETRAN_A_COUNTERS_DROPPED), COUNT / 3,
			 "dropped");
		CHECK_EQ(counter(&b, ETRAN_A_COUNTERS_SENT),
			 COUNT - COUNT / 3, "sent");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void drop_all(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		b.tr.orders->act = ACT_DROP;
		bench_push(&b, COUNT);
		bench_settle(&b, COUNT, 0);
		bench_fence(&b);
		CHECK_EQ(b.sink.received, 0, "dropped packets received");
		bench_check_rest(&b, 0);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void edit_every_second(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->nth = 2;
		b.tr.orders->nth_act = ACT_EDIT;
		bench_push(&b, COUNT);
		bench_settle(&b, COUNT, COUNT);
		CHECK_EQ(b.sink.edited, COUNT / 2, "edits seen far away");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void checksum(void)
{
	static const uint32_t lens[] = { 64, 127, 128, 1001, 1514 };
	uint64_t total = 0;
	struct bench b;
	unsigned int i;

	if (bench_open(&b, NULL)) {
		b.tr.orders->act = ACT_CSUM;
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			b.len = lens[i];
			if (!bench_push(&b, 50))
				break;
			total += 50;
		}
		bench_settle(&b, total, total);
		CHECK_EQ(b.sink.summed, total, "packets with a checksum");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* Bytes outside of the packet are not to be had, whatever the offset. */
static void beyond_the_packet(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 1;
		b.tr.orders->act = ACT_BEYOND;
		bench_push(&b, 100);
		bench_settle(&b, 100, 0);
		CHECK_EQ(b.tr.seen->egress, 100, "calls of egress");
		CHECK_EQ(b.tr.seen->beyond_ok, 0, "times it got them");
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

static void bad_verdict(uint32_t act)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.absent_nth = 2;
		b.tr.orders->nth = 2;
		b.tr.orders->nth_act = act;
		bench_push(&b, 1000);
		bench_settle(&b, 1000, 500);
		bench_fence(&b);
		CHECK_EQ(b.sink.received, 500, "received after the fence");
		CHECK_EQ(counter(&b, ETRAN_A_COUNTERS_BAD_VERDICT), 500,
			 "bad verdicts");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void verdict_unknown(void)
{
	bad_verdict(ACT_VERDICT_3);
}

static void verdict_negative(void)
{
	bad_verdict(ACT_VERDICT_NEG);
}

static void verdict_hold_unheld(void)
{
	bad_verdict(ACT_HOLD_UNHELD);
}

static void verdict_send_held(void)
{
	bad_verdict(ACT_HELD_SEND);
}

static void verdict_drop_held(void)
{
	bad_verdict(ACT_HELD_DROP);
}

static void hold_refused(uint32_t act)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->act = act;
		bench_push(&b, 200);
		bench_settle(&b, 200, 200);
		CHECK_EQ(b.tr.seen->hold_err, 200, "refused holds");
		CHECK_EQ(b.tr.seen->hold_errno, -EINVAL, "errno of the hold");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

static void hold_beyond_the_map(void)
{
	hold_refused(ACT_HOLD_BEYOND);
}

static void hold_in_another_map(void)
{
	hold_refused(ACT_HOLD_WRONG_MAP);
}

static void hold_twice(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->act = ACT_HOLD_TWICE;
		bench_push(&b, 200);
		bench_settle(&b, 200, 200);
		CHECK_EQ(b.tr.seen->hold_ok, 200, "first holds");
		CHECK_EQ(b.tr.seen->second_hold_errno, -EALREADY,
			 "errno of the second hold");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/* A socket that is not bound to the transport does not notice it. */
static void unbound_socket(void)
{
	static const struct bench_opts opts = { .no_bind = true };
	struct bench b;

	if (bench_open(&b, &opts)) {
		b.tr.orders->act = ACT_DROP;
		bench_push(&b, COUNT);
		bench_settle(&b, COUNT, COUNT);
		CHECK_EQ(b.tr.seen->egress, 0, "calls of egress");
		CHECK_EQ(b.xsk.dup, 0, "frames completed twice");
		CHECK_EQ(b.xsk.ooo, 0, "completions out of order");
		bench_check_sink(&b);
	}
	bench_close(&b);
}

static void no_transport(void)
{
	static const struct bench_opts opts = { .no_transport = true };
	struct bench b;

	if (bench_open(&b, &opts)) {
		bench_push(&b, COUNT);
		bench_settle(&b, COUNT, COUNT);
		CHECK_EQ(b.xsk.dup, 0, "frames completed twice");
		CHECK_EQ(b.xsk.ooo, 0, "completions out of order");
		bench_check_sink(&b);
	}
	bench_close(&b);
}

/*
 * What a socket sent before it was bound nobody has seen, and only its rings, which
 * it can write, would say what of it is under way.
 */
static void bind_later(void)
{
	static const struct bench_opts opts = { .no_bind = true };
	struct bench b;
	int ret = 0;

	if (bench_open(&b, &opts)) {
		bench_push(&b, 500);
		if (bench_zerocopy()) {
			CHECK_EQ(bench_bind(&b), -EBUSY, "bind under traffic");
			bench_settle(&b, 500, 500);
			CHECK_EQ(bench_bind(&b), -EBUSY, "bind after it");
			bench_push(&b, 500);
			bench_settle(&b, 1000, 1000);
			CHECK_EQ(b.tr.seen->egress, 0, "calls of egress");
		} else {
			/* An skb knows whether it is one of ours. */
			WAIT_FOR((bench_step(&b), ret = bench_bind(&b)) != -EBUSY);
			CHECK_EQ(ret, 0, "bind under traffic");
			bench_push(&b, 500);
			bench_settle(&b, 1000, 1000);
			CHECK(b.tr.seen->egress >= 500, "egress saw %llu of the last 500",
			      (unsigned long long)b.tr.seen->egress);
		}
		CHECK_EQ(b.xsk.dup, 0, "frames completed twice");
		bench_check_sink(&b);
	}
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "send_all", send_all },
	{ "all_lengths", all_lengths },
	{ "drop_every_third", drop_every_third },
	{ "drop_all", drop_all },
	{ "edit_every_second", edit_every_second },
	{ "checksum", checksum },
	{ "beyond_the_packet", beyond_the_packet },
	{ "verdict_unknown", verdict_unknown },
	{ "verdict_negative", verdict_negative },
	{ "verdict_hold_unheld", verdict_hold_unheld },
	{ "verdict_send_held", verdict_send_held },
	{ "verdict_drop_held", verdict_drop_held },
	{ "hold_beyond_the_map", hold_beyond_the_map },
	{ "hold_in_another_map", hold_in_another_map },
	{ "hold_twice", hold_twice },
	{ "unbound_socket", unbound_socket },
	{ "no_transport", no_transport },
	{ "bind_later", bind_later },
};

const struct ktap_suite suite_egress = KTAP_SUITE("egress", cases);
