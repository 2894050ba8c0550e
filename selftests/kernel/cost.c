// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs: transmit only, 64 bytes, as fast as it goes, without and
 * with a transport.  With insn_count the kernel's instructions between the marks are
 * the figure, not those of user space, which waits for the emulator now and then;
 * the case says how many packets they are for.
 */
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "selftests/bench/mark.h"
#include "suites.h"

#define BATCH	32
#define WARM	4096
#define COUNT	32768

static bool send_all(struct bench *b, uint64_t count)
{
	uint64_t target = b->xsk.completed + count;
	uint64_t end = clock_ns() + PATIENCE_NS;
	unsigned int i, idle = 0;

	while (b->xsk.completed < target) {
		for (i = 0; i < BATCH && b->xsk.submitted < target; i++)
			if (!bench_submit(b))
				break;
		if (i || !(++idle % 4096))
			xsk_kick(&b->xsk);
		/* waiting is the only thing here that user space does in a loop */
		if (xsk_reap(&b->xsk))
			end = clock_ns() + PATIENCE_NS;
		else if (!CHECK(clock_ns() < end, "stuck: %llu of %llu completed",
				(unsigned long long)b->xsk.completed,
				(unsigned long long)target))
			return false;
	}
	return true;
}

static void run(struct bench *b)
{
	uint64_t begin;

	/* nobody receives them: what the far host does is the same each time */
	sink_close(&b->sink);
	b->len = 64;
	if (!send_all(b, WARM))
		return;
	mark_start();
	begin = clock_ns();
	if (!send_all(b, COUNT))
		return;
	begin = clock_ns() - begin;
	mark_stop();
	ktap_note("packets %u ns %llu", COUNT, (unsigned long long)begin);
}

static void nothing(void)
{
	const struct bench_opts o = { .no_transport = true };
	struct bench b;

	if (bench_open(&b, &o))
		run(&b);
	bench_close(&b);
}

static void with_orders(uint32_t act, uint32_t nth)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->act = ACT_SEND;
		b.tr.orders->nth = nth;
		b.tr.orders->nth_act = act;
		b.tr.orders->buckets = 1;
		run(&b);
	}
	bench_close(&b);
}

static void empty(void)
{
	with_orders(ACT_SEND, 0);
}

static void hold(void)
{
	with_orders(ACT_HOLD, 1);
}

static void hold_every_second(void)
{
	with_orders(ACT_HOLD, 2);
}

static const struct ktap_case cases[] = {
	{ "nothing", nothing },
	{ "empty egress", empty },
	{ "hold all and release", hold },
	{ "hold every second: completion out of order", hold_every_second },
};

const struct ktap_suite suite_cost = KTAP_SUITE("cost", cases);
