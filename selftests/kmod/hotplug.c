// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs that go offline and come back: timers and requests for frames that wait on
 * one go on elsewhere, and no two CPUs do the work of one.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define CPU		1
#define CPU_ONLINE	"/sys/devices/system/cpu/cpu1/online"
#define NR		24
#define T(n)		(PROBE_BUCKETS + (n))

static void be_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static bool can_hotplug(void)
{
	if (!access(CPU_ONLINE, W_OK))
		return true;
	ktap_skip("the kernel cannot take a CPU away");
	return false;
}

static bool all_ran(struct bench *b, uint64_t runs)
{
	int i;

	for (i = 0; i < NR; i++)
		if (b->tr.seen->timer[T(i)].runs < runs)
			return false;
	return true;
}

static void arm_there(struct bench *b, uint64_t delay_ns)
{
	int i;

	be_on(CPU);
	for (i = 0; i < NR; i++) {
		b->tr.seen->timer[T(i)].due_ns = clock_ns() + delay_ns;
		CHECK_EQ(transport_arm(&b->tr, T(i), delay_ns + i * NSEC_PER_MSEC, 1), 0,
			 "arm");
	}
	be_on(0);
}

/* Timers that wait on a CPU run in time when it is offline, once each. */
static void timers_move(void)
{
	struct bench b;
	int round;

	if (!can_hotplug())
		return;
	if (bench_open(&b, NULL)) {
		for (round = 1; round <= 3; round++) {
			arm_there(&b, NSEC_PER_SEC);
			CHECK_EQ(file_put(CPU_ONLINE, "0"), 0, "offline");
			CHECK(WAIT_FOR(all_ran(&b, round)), "not all timers ran");
			/* And one that was there is armed and cancelled from here. */
			CHECK_EQ(transport_arm(&b.tr, T(0), 60 * NSEC_PER_SEC, 1), 0, "arm");
			CHECK_EQ(transport_cancel(&b.tr, T(0)), 1, "cancel");
			CHECK_EQ(file_put(CPU_ONLINE, "1"), 0, "online");
		}
		clock_sleep(100 * NSEC_PER_MSEC);
		CHECK_EQ(b.tr.seen->timer[T(1)].runs, 3, "runs");
		bench_check_seen(&b);
	}
	be_on(0);
	bench_close(&b);
}

/*
 * A timer waits while its CPU goes and comes back; then the CPU is busy with frames
 * when it is due. Both are that CPU's work, or the timer's is another's by then.
 */
static void one_cpu_does_the_work(void)
{
	uint64_t end, n;
	struct bench b;
	int round;

	if (!can_hotplug())
		return;
	if (bench_open(&b, NULL)) {
		for (round = 1; round <= 5; round++) {
			arm_there(&b, 2 * NSEC_PER_SEC);
			CHECK_EQ(file_put(CPU_ONLINE, "0"), 0, "offline");
			CHECK_EQ(file_put(CPU_ONLINE, "1"), 0, "online");
			/* Long enough for requests to come while it runs. */
			b.tr.orders->spin_ns = 100 * NSEC_PER_MSEC;
			b.tr.orders->spin_in = IN_TIMER;
			be_on(CPU);
			end = clock_ns() + 4 * NSEC_PER_SEC;
			while (!all_ran(&b, round) && clock_ns() < end)
				transport_ask(&b.tr, 0, b.near->ifindex, 64, &n);
			be_on(0);
			CHECK(WAIT_FOR(all_ran(&b, round)), "not all timers ran");
		}
		/* gen compares its context's CPU with the one it is on. */
		bench_check_seen(&b);
	}
	be_on(0);
	bench_close(&b);
}

/* What was asked for on a CPU that goes is made elsewhere, or counted as failed. */
static void requests_move(void)
{
	struct nl_transport t = {};
	uint64_t n, asked = 0;
	struct bench b;
	int round;

	if (!can_hotplug())
		return;
	if (bench_open(&b, NULL)) {
		for (round = 0; round < 5; round++) {
			be_on(CPU);
			transport_ask(&b.tr, 0, b.near->ifindex, 200, &n);
			asked += n;
			be_on(0);
			CHECK_EQ(file_put(CPU_ONLINE, "0"), 0, "offline");
			CHECK_EQ(file_put(CPU_ONLINE, "1"), 0, "online");
		}
		CHECK(WAIT_FOR(!nl_transport_get(&b.nl, "probe", &t) &&
			       t.c.v[ETRAN_A_COUNTERS_GEN_SENT] +
			       t.c.v[ETRAN_A_COUNTERS_GEN_FAILED] == asked),
		      "%llu sent, %llu failed, of %llu",
		      (unsigned long long)t.c.v[ETRAN_A_COUNTERS_GEN_SENT],
		      (unsigned long long)t.c.v[ETRAN_A_COUNTERS_GEN_FAILED],
		      (unsigned long long)asked);
		bench_check_seen(&b);
	}
	be_on(0);
	bench_close(&b);
}

/* A transport that is attached while a CPU is offline works on it later. */
static void attached_meanwhile(void)
{
	struct bench b;

	if (!can_hotplug())
		return;
	CHECK_EQ(file_put(CPU_ONLINE, "0"), 0, "offline");
	if (bench_open(&b, NULL)) {
		CHECK_EQ(file_put(CPU_ONLINE, "1"), 0, "online");
		arm_there(&b, 0);
		CHECK(WAIT_FOR(all_ran(&b, 1)), "not all timers ran");
		CHECK_EQ(file_put(CPU_ONLINE, "0"), 0, "offline again");
	}
	bench_close(&b);
	CHECK_EQ(file_put(CPU_ONLINE, "1"), 0, "online again");
}

static const struct ktap_case cases[] = {
	{ "timers_move", timers_move },
	{ "one_cpu_does_the_work", one_cpu_does_the_work },
	{ "requests_move", requests_move },
	{ "attached_meanwhile", attached_meanwhile },
};

const struct ktap_suite suite_hotplug = KTAP_SUITE("hotplug", cases);
