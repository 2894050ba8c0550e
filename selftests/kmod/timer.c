// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers, in softirq and in the transport's thread: no lost wake-up, none early,
 * no timer twice at once, none after a cancel, fair between transports.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

/* The timers above the buckets' do nothing but count; so do those of the thread. */
static uint32_t first = PROBE_BUCKETS;
#define T(n)	(first + (n))

static bool caught_up(struct bench *b, uint32_t id)
{
	const volatile struct timer_seen *t = &b->tr.seen->timer[id];

	return t->done == t->want && !t->inside;
}

static void check_caught_up(struct bench *b, uint32_t id)
{
	const struct timer_seen *t = &b->tr.seen->timer[id];

	CHECK(WAIT_FOR(caught_up(b, id)),
	      "timer %u: wake-up lost: armed %llu times, last run saw %llu", id,
	      (unsigned long long)t->want, (unsigned long long)t->done);
}

static void check_timer_counter(struct bench *b)
{
	struct nl_transport t;
	uint64_t runs = 0;
	unsigned int i;

	for (i = 0; i < PROBE_ALL_TIMERS; i++)
		runs += b->tr.seen->timer[i].runs;
	if (CHECK_EQ(nl_transport_get(&b->nl, "probe", &t), 0, "transport-get"))
		CHECK_EQ(t.c.v[ETRAN_A_COUNTERS_TIMER_RUNS], runs,
			 "counter of timer runs");
}

static void at_once(void)
{
	struct bench b;
	int i;

	if (bench_open(&b, NULL)) {
		for (i = 0; i < 500; i++) {
			CHECK_EQ(transport_arm(&b.tr, T(0), 0, 1), 0, "arm");
			check_caught_up(&b, T(0));
		}
		CHECK_EQ(b.tr.seen->timer[T(0)].runs, 500, "runs");
		check_timer_counter(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void delayed(void)
{
	struct timer_seen *t;
	struct bench b;
	int i;

	if (bench_open(&b, NULL)) {
		t = &b.tr.seen->timer[T(1)];
		for (i = 0; i < 20; i++) {
			t->due_ns = clock_ns() + 5 * NSEC_PER_MSEC;
			CHECK_EQ(transport_arm(&b.tr, T(1), 5 * NSEC_PER_MSEC, 1),
				 0, "arm");
			check_caught_up(&b, T(1));
		}
		CHECK_EQ(t->runs, 20, "runs");
		bench_check_seen(&b);
	}
	bench_close(&b);
}

/* Arming an armed timer keeps the earlier due time, in both orders. */
static void earlier_wins(void)
{
	static const uint64_t far_off = 100 * NSEC_PER_SEC;
	struct timer_seen *t;
	struct bench b;

	if (bench_open(&b, NULL)) {
		t = b.tr.seen->timer;
		transport_arm(&b.tr, T(2), far_off, 1);
		transport_arm(&b.tr, T(2), 5 * NSEC_PER_MSEC, 1);
		check_caught_up(&b, T(2));
		CHECK_EQ(t[T(2)].runs, 1, "runs, late then early");

		t[T(3)].due_ns = clock_ns() + 20 * NSEC_PER_MSEC;
		transport_arm(&b.tr, T(3), 20 * NSEC_PER_MSEC, 1);
		transport_arm(&b.tr, T(3), far_off, 1);
		check_caught_up(&b, T(3));
		CHECK_EQ(t[T(3)].runs, 1, "runs, early then late");

		transport_arm(&b.tr, T(4), far_off, 1);
		transport_arm(&b.tr, T(4), 0, 1);
		check_caught_up(&b, T(4));
		CHECK_EQ(t[T(4)].runs, 1, "runs, late then at once");
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void arms_itself(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->rearm_runs = 2000;
		transport_arm(&b.tr, T(5), 0, 1);
		CHECK(WAIT_FOR(b.tr.seen->timer[T(5)].runs >= 2000),
		      "only %llu runs at once of 2000",
		      (unsigned long long)b.tr.seen->timer[T(5)].runs);
		check_caught_up(&b, T(5));

		b.tr.orders->rearm_runs = 100;
		b.tr.orders->rearm_ns = 200 * 1000;
		transport_arm(&b.tr, T(6), 0, 1);
		CHECK(WAIT_FOR(b.tr.seen->timer[T(6)].runs >= 100),
		      "only %llu delayed runs of 100",
		      (unsigned long long)b.tr.seen->timer[T(6)].runs);
		check_caught_up(&b, T(6));
		CHECK_EQ(b.tr.seen->timer[T(5)].runs, 2000, "runs at once");
		CHECK_EQ(b.tr.seen->timer[T(6)].runs, 100, "runs delayed");
		check_timer_counter(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

struct armer {
	struct bench *b;
	int cpu;
	int64_t err;
	pthread_t thread;
};

/* The same timers as the other CPU's thread, at once and a little later. */
static void *arm_many(void *data)
{
	struct armer *a = data;
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	CPU_SET(a->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (i = 0; i < 2000 && !a->err; i++)
		a->err = transport_arm(&a->b->tr, T(i % 8),
				       i & 8 ? 50 * 1000 : 0, 4);
	return NULL;
}

static void two_cpus(void)
{
	struct armer a[2] = {};
	struct bench b;
	int i;

	if (bench_open(&b, NULL)) {
		for (i = 0; i < 2; i++) {
			a[i].b = &b;
			a[i].cpu = i;
			pthread_create(&a[i].thread, NULL, arm_many, &a[i]);
		}
		for (i = 0; i < 2; i++) {
			pthread_join(a[i].thread, NULL);
			CHECK_EQ(a[i].err, 0, "arm");
		}
		for (i = 0; i < 8; i++)
			check_caught_up(&b, T(i));
		CHECK_EQ(b.tr.seen->armed, 2 * 2000 * 4, "arms");
		check_timer_counter(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void from_ingress(void)
{
	struct bench b;
	int i;

	if (bench_open(&b, NULL)) {
		for (i = 0; i < 8; i++)
			CHECK_EQ(sink_send(&b.sink, b.near->mac, PROBE_ARM, T(i),
					   PROBE_MIN_LEN, 1), 0, "send");
		CHECK(WAIT_FOR(b.tr.seen->armed == 8), "%llu of 8 came in",
		      (unsigned long long)b.tr.seen->armed);
		for (i = 0; i < 8; i++) {
			check_caught_up(&b, T(i));
			CHECK_EQ(b.tr.seen->timer[T(i)].runs, 1, "runs");
		}
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void many_at_different_times(void)
{
	struct bench b;
	int i;

	if (bench_open(&b, NULL)) {
		for (i = 0; i < PROBE_TIMERS; i++) {
			uint64_t delay = (i * 37 % 64) * NSEC_PER_MSEC / 2;

			b.tr.seen->timer[i].due_ns = clock_ns() + delay;
			transport_arm(&b.tr, i, delay, 1);
		}
		for (i = 0; i < PROBE_TIMERS; i++) {
			check_caught_up(&b, i);
			CHECK_EQ(b.tr.seen->timer[i].runs, 1, "runs");
		}
		bench_check_seen(&b);
	}
	bench_close(&b);
}

static void refused(void)
{
	static const struct bench_opts no_timer = { .tr.ops = "bare" };
	static const struct bench_opts alone = { .tr.unassociated = true };
	static const struct bench_opts idle = { .no_attach = true };
	struct bench b;

	if (bench_open(&b, NULL)) {
		CHECK_EQ(transport_arm(&b.tr, PROBE_ALL_TIMERS, 0, 1), -EINVAL,
			 "arm the timer behind the last");
		CHECK_EQ(transport_cancel(&b.tr, PROBE_ALL_TIMERS), -EINVAL,
			 "cancel the timer behind the last");
		CHECK_EQ(transport_arm(&b.tr, UINT32_MAX, 0, 1), -EINVAL,
			 "arm timer 2^32 - 1");
	}
	bench_close(&b);
	if (bench_open(&b, &no_timer))
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), -EINVAL,
			 "arm without a timer op");
	bench_close(&b);
	if (bench_open(&b, &alone))
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), -ENOENT,
			 "arm from a program that is not associated");
	bench_close(&b);
	if (bench_open(&b, &idle))
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), -ENOENT,
			 "arm before the transport is attached");
	bench_close(&b);
}

/* The due time of a pending timer passes after its transport has gone. */
static void dies_with_its_transport(void)
{
	uint64_t due;
	struct bench b;

	if (bench_open(&b, NULL)) {
		due = clock_ns() + 100 * NSEC_PER_MSEC;
		CHECK_EQ(transport_arm(&b.tr, T(7), 100 * NSEC_PER_MSEC, 1), 0,
			 "arm");
		CHECK_EQ(transport_arm(&b.tr, T(8), UINT64_MAX, 1), 0,
			 "arm for the end of time");
		transport_detach(&b.tr);
		CHECK(WAIT_FOR(b.tr.seen->exit == 1), "no exit");
		CHECK_EQ(transport_arm(&b.tr, T(7), 0, 1), -ENOENT,
			 "arm a detached transport");
		WAIT_FOR(clock_ns() > due + 50 * NSEC_PER_MSEC);
		CHECK_EQ(b.tr.seen->timer[T(7)].runs, 0, "runs");
		CHECK_EQ(b.tr.seen->timer[T(8)].runs, 0, "runs at its end");
	}
	bench_close(&b);
}

/* Detach with timers armed, due and running, again and again. */
static void many_times_over(void)
{
	static const struct bench_opts opts = { .no_ingress = true };
	const volatile struct timer_seen *t;
	uint64_t runs = 0, i;
	struct bench b;

	if (bench_open(&b, &opts)) {
		t = &b.tr.seen->timer[T(1)];
		b.tr.orders->rearm_runs = UINT32_MAX;
		for (i = 1; i <= 20; i++) {
			transport_arm(&b.tr, T(0), 0, 1);
			transport_arm(&b.tr, T(1), 20 * 1000, 1);
			CHECK(WAIT_FOR(t->runs > runs + 3), "the timer does not run");
			transport_detach(&b.tr);
			CHECK(WAIT_FOR(b.tr.seen->exit == i), "no exit");
			runs = t->runs;
			CHECK_EQ(transport_attach(&b.tr), 0, "attach again");
			CHECK_EQ(t->runs, runs, "runs in between");
		}
	}
	bench_close(&b);
}

static void cancel(void)
{
	struct timer_seen *t;
	struct bench b;
	uint64_t end;

	if (bench_open(&b, NULL)) {
		t = b.tr.seen->timer;
		CHECK_EQ(transport_cancel(&b.tr, T(0)), 0, "cancel what is idle");
		transport_arm(&b.tr, T(0), 30 * NSEC_PER_MSEC, 1);
		CHECK_EQ(transport_cancel(&b.tr, T(0)), 1, "cancel what waits");
		CHECK_EQ(transport_cancel(&b.tr, T(0)), 0, "cancel again");
		/* Its place is not taken by one that stays. */
		transport_arm(&b.tr, T(1), 40 * NSEC_PER_MSEC, 1);
		check_caught_up(&b, T(1));
		CHECK_EQ(t[T(0)].runs, 0, "runs of what was cancelled");
		transport_arm(&b.tr, T(0), 0, 1);
		CHECK(WAIT_FOR(t[T(0)].runs == 1), "armed again it does not run");

		/* From its own run, what it has just armed. */
		b.tr.orders->rearm_runs = 100;
		b.tr.orders->cancel_run = 5;
		transport_arm(&b.tr, T(2), 0, 1);
		CHECK(WAIT_FOR(t[T(2)].runs >= 5), "%llu runs of 5",
		      (unsigned long long)t[T(2)].runs);
		end = clock_ns() + 20 * NSEC_PER_MSEC;
		WAIT_FOR(clock_ns() > end);
		CHECK_EQ(t[T(2)].runs, 5, "runs until it cancelled itself");
		bench_check_seen(&b);
	}
	bench_close(&b);
}

/* Two transports whose timers arm themselves at once, for ever, on one CPU. */
static void fair(void)
{
	static const struct bench_opts opts = { .no_ingress = true };
	uint64_t mine, theirs, end;
	struct transport other;
	cpu_set_t set, old;
	struct bench b;

	sched_getaffinity(0, sizeof(old), &old);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (bench_open(&b, &opts) &&
	    CHECK_EQ(transport_load(&other, &(struct transport_opts){
				    .name = "other" }), 0, "load") &&
	    CHECK_EQ(transport_attach(&other), 0, "attach")) {
		sched_setaffinity(0, sizeof(set), &set);
		b.tr.orders->rearm_runs = UINT32_MAX;
		other.orders->rearm_runs = UINT32_MAX;
		transport_arm(&b.tr, T(0), 0, 1);
		transport_arm(&other, T(0), 0, 1);
		transport_arm(&other, T(1), 0, 1);
		end = clock_ns() + 500 * NSEC_PER_MSEC;
		WAIT_FOR(clock_ns() > end);
		mine = b.tr.seen->timer[T(0)].runs;
		theirs = other.seen->timer[T(0)].runs + other.seen->timer[T(1)].runs;
		CHECK(mine > 200 && theirs < 8 * mine && mine < 8 * theirs,
		      "%llu runs against %llu", (unsigned long long)mine,
		      (unsigned long long)theirs);
		/* A third, and one that waits, have their turn among them. */
		b.tr.orders->rearm_runs = 0;
		transport_arm(&b.tr, T(2), 0, 1);
		transport_arm(&b.tr, T(3), NSEC_PER_MSEC, 1);
		check_caught_up(&b, T(2));
		check_caught_up(&b, T(3));
		sched_setaffinity(0, sizeof(old), &old);
		transport_close(&other);
	}
	bench_close(&b);
}

/* The thread releases what egress held, in order. */
static void release_from_the_thread(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->act = ACT_HOLD;
		b.tr.orders->no_arm = 1;
		b.tr.orders->budget = 7;
		b.window = 300;
		bench_push(&b, 200);
		CHECK(WAIT_FOR((bench_step(&b), b.tr.seen->hold_ok == 200)),
		      "not held");
		transport_arm(&b.tr, PROBE_TIMERS, 0, 1);
		bench_settle(&b, 200, 200);
		CHECK(b.tr.seen->timer[PROBE_TIMERS].runs > 200 / 7,
		      "%llu runs", (unsigned long long)
		      b.tr.seen->timer[PROBE_TIMERS].runs);
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
		bench_check_seen(&b);
	}
	bench_close(&b);
}

/* The thread of the transport "probe", or 0. */
static pid_t find_thread(void)
{
	char path[64], name[64];
	struct dirent *d;
	pid_t pid = 0;
	DIR *dir;
	FILE *f;

	dir = opendir("/proc");
	while (dir && !pid && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.16s/comm", d->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strcmp(name, "etran/probe\n"))
			pid = atoi(d->d_name);
		fclose(f);
	}
	if (dir)
		closedir(dir);
	return pid;
}

struct counter {
	int cpu;
	bool stop;
	uint64_t turns;
	pthread_t thread;
};

static void *count_turns(void *data)
{
	struct counter *c = data;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(c->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE))
		__atomic_fetch_add(&c->turns, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* It goes before ordinary tasks, and a timer that never ends leaves them something. */
static void thread_class(void)
{
	struct counter c[2] = {};
	pid_t pid, i;
	struct bench b;

	if (bench_open(&b, NULL)) {
		pid = find_thread();
		CHECK(pid, "no thread");
		CHECK_EQ(sched_getscheduler(pid), SCHED_FIFO, "its class");
		b.tr.orders->rearm_runs = UINT32_MAX;
		transport_arm(&b.tr, PROBE_TIMERS + 1, 0, 1);
		for (i = 0; i < 2; i++) {
			c[i].cpu = i;
			pthread_create(&c[i].thread, NULL, count_turns, &c[i]);
		}
		clock_sleep(2 * NSEC_PER_SEC);
		b.tr.orders->rearm_runs = 0;
		for (i = 0; i < 2; i++) {
			__atomic_store_n(&c[i].stop, true, __ATOMIC_RELEASE);
			pthread_join(c[i].thread, NULL);
			CHECK(c[i].turns > 10000, "CPU %d: %llu turns", i,
			      (unsigned long long)c[i].turns);
		}
		ktap_note("%llu and %llu turns beside %llu runs",
			  (unsigned long long)c[0].turns, (unsigned long long)c[1].turns,
			  (unsigned long long)b.tr.seen->timer[PROBE_TIMERS + 1].runs);
	}
	bench_close(&b);
}

/* The same in KTHREAD mode. */
static void in_the_thread(void (*run)(void))
{
	first = PROBE_TIMERS;
	run();
	first = PROBE_BUCKETS;
}

#define IN_THE_THREAD(name)				\
static void thread_ ## name(void)			\
{							\
	in_the_thread(name);				\
}

IN_THE_THREAD(at_once)
IN_THE_THREAD(delayed)
IN_THE_THREAD(earlier_wins)
IN_THE_THREAD(arms_itself)
IN_THE_THREAD(two_cpus)
IN_THE_THREAD(from_ingress)
IN_THE_THREAD(dies_with_its_transport)
IN_THE_THREAD(many_times_over)
IN_THE_THREAD(cancel)
IN_THE_THREAD(fair)

static const struct ktap_case cases[] = {
	{ "at_once", at_once },
	{ "delayed", delayed },
	{ "earlier_wins", earlier_wins },
	{ "arms_itself", arms_itself },
	{ "two_cpus", two_cpus },
	{ "from_ingress", from_ingress },
	{ "many_at_different_times", many_at_different_times },
	{ "refused", refused },
	{ "dies_with_its_transport", dies_with_its_transport },
	{ "many_times_over", many_times_over },
	{ "cancel", cancel },
	{ "fair", fair },
	{ "release_from_the_thread", release_from_the_thread },
	{ "thread_at_once", thread_at_once },
	{ "thread_delayed", thread_delayed },
	{ "thread_earlier_wins", thread_earlier_wins },
	{ "thread_arms_itself", thread_arms_itself },
	{ "thread_two_cpus", thread_two_cpus },
	{ "thread_from_ingress", thread_from_ingress },
	{ "thread_dies_with_its_transport", thread_dies_with_its_transport },
	{ "thread_many_times_over", thread_many_times_over },
	{ "thread_cancel", thread_cancel },
	{ "thread_fair", thread_fair },
	{ "thread_class", thread_class },
};

const struct ktap_suite suite_timer = KTAP_SUITE("timer", cases);
