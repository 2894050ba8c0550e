// SPDX-License-Identifier: GPL-2.0-only
/*
 * PKT_QUEUE: timing wheels, limits, both ends of a FIFO, what user space sees
 * of a map, and what becomes of packets whose map goes away.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "order.h"
#include "suites.h"

#define HORIZON		((uint64_t)PACE_SLOTS * PACE_SLOT_NS)
#define NUMBER		300

static const struct bench_opts wheel_opts = { .tr.ops = "pace_ops" };

static bool wheel_open_with(struct bench *b, const struct bench_opts *opts)
{
	if (!bench_open(b, opts))
		return false;
	b->window = 1000;
	return true;
}

static bool wheel_open(struct bench *b)
{
	return wheel_open_with(b, &wheel_opts);
}

/* All of @count came out, each at the other host once, each frame is back. */
static void check_out(struct bench *b, uint64_t count)
{
	const struct pace_seen *s = b->tr.pace_seen;

	bench_settle(b, count, count);
	bench_check_rest(b, 0);
	CHECK_EQ(s->sent, count, "released");
	CHECK_EQ(s->too_early, 0, "released before their time");
	/* Without a script, egress puts more in between two of these calls. */
	if (b->tr.pace->base) {
		CHECK_EQ(s->peek_bad, 0, "peeks that do not fit the dequeue");
		CHECK_EQ(s->next_bad, 0, "times of the next that do not fit");
		CHECK_EQ(s->depth_bad, 0, "depths that do not fit");
	}
	CHECK_EQ(s->wrong_map, 0, "calls with the wrong kind of map");
	CHECK_EQ(b->sink.dup, 0, "packets received twice");
	CHECK_EQ(b->sink.corrupt, 0, "packets received damaged");
}

/*
 * The wheel gave them in the order they came. Not what the far end saw: QEMU's
 * hub lets packets of a large burst pass each other.
 */
static void check_fifo(struct bench *b, uint32_t count)
{
	const uint32_t *o = b->tr.pace_seen->order;
	uint64_t wrong = 0;
	uint32_t i;

	for (i = 1; i < count && i < PACE_SCRIPT; i++)
		wrong += o[i] != o[i - 1] + 1;
	CHECK_EQ(wrong, 0, "released in another order than they came");
}

static uint64_t slot_of(uint64_t when)
{
	return (when + PACE_SLOT_NS - 1) / PACE_SLOT_NS;
}

/* By slot, and within a slot as they were put in. */
static void check_order(struct bench *b, uint32_t count)
{
	const struct pace_orders *p = b->tr.pace;
	const uint32_t *o = b->tr.pace_seen->order;
	uint64_t last, this, wrong = 0;
	uint32_t i;

	for (i = 1; i < count; i++) {
		last = slot_of(p->base + p->when[o[i - 1]]);
		this = slot_of(p->base + p->when[o[i]]);
		wrong += last > this || (last == this && o[i - 1] > o[i]);
	}
	CHECK_EQ(wrong, 0, "released in another order than that of time");
}

/* Times all over a fifth of a second; nothing is taken before all are held. */
static void script(struct bench *b, uint32_t count, uint32_t take)
{
	struct pace_orders *p = b->tr.pace;
	uint32_t i, x = 1;

	p->base = clock_ns() + 400 * NSEC_PER_MSEC;
	for (i = 0; i < count; i++) {
		x = x * 1103515245 + 12345;
		p->when[i] = 1 + (x >> 4) % (10 * HORIZON);
	}
	p->take = TAKE_NOTHING;
	bench_push(b, count);
	CHECK(WAIT_FOR((bench_step(b), b->tr.pace_seen->held >= count)),
	      "held %llu", (unsigned long long)b->tr.pace_seen->held);
	p->take = take;
	CHECK_EQ(transport_arm(&b->tr, 0, 0, 1), 0, "arm");
}

static const struct bench_opts long_opts;

static void in_order_of_time(void)
{
	struct bench b;

	if (wheel_open_with(&b, &long_opts)) {
		script(&b, NUMBER, TAKE_DUE);
		check_out(&b, NUMBER);
		check_order(&b, NUMBER);
		CHECK_EQ(b.tr.pace_seen->early, 0, "beyond the horizon");
		ktap_note("worst %llu ns late, %llu timer runs",
			  (unsigned long long)b.tr.pace_seen->late_ns,
			  (unsigned long long)b.tr.pace_seen->runs);
	}
	bench_close(&b);
}

/* In the past is at once, in the order they came. */
static void past(void)
{
	struct bench b;

	if (wheel_open(&b)) {
		bench_push(&b, NUMBER);
		check_out(&b, NUMBER);
		check_fifo(&b, NUMBER);
		CHECK_EQ(b.tr.pace_seen->early, 0, "beyond the horizon");
	}
	bench_close(&b);
}

/* At its end instead; who wants can put it back until it is time. */
static void beyond_the_horizon(void)
{
	uint64_t delay = 4 * HORIZON, i, early = 0;
	struct bench b;

	if (wheel_open(&b)) {
		b.tr.pace->plan = PLAN_SOON;
		b.tr.pace->delay_ns = delay;
		bench_push(&b, 50);
		check_out(&b, 50);
		CHECK_EQ(b.tr.pace_seen->early, 50, "told so");
		for (i = 0; i < 50; i++)
			early += b.sink.lat_ns[i] < HORIZON - 2 * PACE_SLOT_NS;
		CHECK_EQ(early, 0, "not even at the end of the horizon");
	}
	bench_close(&b);
	if (wheel_open(&b)) {
		b.tr.pace->plan = PLAN_SOON;
		b.tr.pace->take = TAKE_AGAIN;
		b.tr.pace->delay_ns = delay;
		bench_push(&b, 50);
		check_out(&b, 50);
		CHECK(b.tr.pace_seen->again >= 50, "put back only %llu times",
		      (unsigned long long)b.tr.pace_seen->again);
		for (i = 0, early = 0; i < 50; i++)
			early += b.sink.lat_ns[i] < delay;
		CHECK_EQ(early, 0, "before their time");
	}
	bench_close(&b);
}

static void put_back_to_the_front(void)
{
	struct bench b;

	if (wheel_open_with(&b, &long_opts)) {
		b.tr.pace->backs = 200;
		script(&b, NUMBER, TAKE_BACK);
		check_out(&b, NUMBER);
		check_order(&b, NUMBER);
		CHECK_EQ(b.tr.pace_seen->again, 200, "put back");
	}
	bench_close(&b);
}

static void one_packet_per_run(void)
{
	struct bench b;

	if (wheel_open(&b)) {
		b.tr.pace->plan = PLAN_SOON;
		b.tr.pace->delay_ns = 2 * NSEC_PER_MSEC;
		b.tr.pace->budget = 1;
		bench_push(&b, 1000);
		check_out(&b, 1000);
		check_fifo(&b, 1000);
	}
	bench_close(&b);
}

/* The wheel wakes the transport's thread as it would arm a timer in softirq. */
static void served_by_the_thread(void)
{
	struct bench b;

	if (wheel_open(&b)) {
		b.tr.pace->timer = PACE_THREAD;
		b.tr.pace->plan = PLAN_SOON;
		b.tr.pace->delay_ns = 2 * NSEC_PER_MSEC;
		bench_push(&b, 1000);
		check_out(&b, 1000);
		check_fifo(&b, 1000);
	}
	bench_close(&b);
}

/*
 * Push @count packets whose time is far away, for the machine, not for the wheel
 * of long_opts; wait until they are held.
 */
static bool hold_far_away(struct bench *b, uint32_t plan, uint64_t count)
{
	b->tr.pace->plan = plan;
	b->tr.pace->delay_ns = 9 * NSEC_PER_SEC;
	b->absent_nth = 1;
	bench_push(b, count);
	return CHECK(WAIT_FOR((bench_step(b), b->tr.pace_seen->held +
			       b->tr.pace_seen->refused >= count)),
		     "held %llu of %llu",
		     (unsigned long long)b->tr.pace_seen->held,
		     (unsigned long long)count);
}

/* Without waiting for the time; the test's slots are wide enough for that. */
static void taken_before_they_are_due(void)
{
	struct bench b;

	if (wheel_open_with(&b, &long_opts)) {
		b.tr.pace->take = TAKE_FIRST;
		hold_far_away(&b, PLAN_SOON, 200);
		CHECK_EQ(b.tr.pace_seen->sent, 0, "released by themselves");
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		check_out(&b, 200);
		check_fifo(&b, 200);
	}
	bench_close(&b);
}

static void drained(void)
{
	struct bench b;

	if (wheel_open_with(&b, &long_opts)) {
		b.tr.pace->take = TAKE_DRAIN;
		hold_far_away(&b, PLAN_SOON, 200);
		bench_check_rest(&b, 200);
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		bench_settle(&b, 200, 0);
		bench_check_rest(&b, 0);
		CHECK_EQ(b.tr.pace_seen->drained, 200, "drained");
		CHECK(b.tr.pace_seen->runs >= 4, "more than 64 in one go");
	}
	bench_close(&b);
}

static void no_such_timer(void)
{
	struct bench b;

	if (wheel_open(&b)) {
		b.absent_nth = 1;
		b.tr.pace->timer = PACE_THREAD + 1;
		bench_push(&b, 20);
		bench_settle(&b, 20, 0);
		CHECK_EQ(b.tr.pace_seen->refused, 20, "refused");
		CHECK_EQ(b.tr.pace_seen->hold_errno, -EINVAL, "errno");
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

/* ---- limits ---------------------------------------------------------- */

static void tune(struct bpf_object *obj, const char *name, uint32_t entries,
		 uint64_t bucket, uint64_t map_log2, uint64_t slot_ns)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	bpf_map__set_max_entries(map, entries);
	bpf_map__set_map_extra(map, slot_ns << 32 | map_log2 << 24 | bucket);
}

/* Time does not matter: the horizon is ten seconds. */
static void tune_long(struct bpf_object *obj)
{
	tune(obj, "wheel", 1 << 19, 0, 0, PACE_SLOT_NS);
}

static void tune_limited(struct bpf_object *obj)
{
	tune(obj, "wheel", 64, 0, 5, NSEC_PER_SEC);
	tune(obj, "queue", 4, 1000, 6, 0);
}

static void tune_slots(struct bpf_object *obj)
{
	tune(obj, "wheel", 64, 10, 0, NSEC_PER_SEC);
}

static const struct bench_opts long_opts = {
	.tr = { .ops = "pace_ops", .tune = tune_long },
};

/* @count are held, the rest is refused; then all of them come out. */
static void check_limit(const struct bench_opts *opts, uint32_t plan,
			uint64_t limit)
{
	struct bench b;

	if (wheel_open_with(&b, opts)) {
		b.tr.pace->take = TAKE_NOTHING;
		b.tr.pace->plan = plan;
		b.tr.pace->base = clock_ns() + 20 * NSEC_PER_SEC;
		b.absent_nth = 1;
		bench_push(&b, 100);
		WAIT_FOR((bench_step(&b), b.tr.pace_seen->held +
			  b.tr.pace_seen->refused >= 100));
		CHECK_EQ(b.tr.pace_seen->held, limit, "held");
		CHECK_EQ(b.tr.pace_seen->refused, 100 - limit, "refused");
		CHECK_EQ(b.tr.pace_seen->hold_errno, -ENOSPC, "errno");
		bench_settle(&b, 100 - limit, 0);
		bench_check_rest(&b, limit);
		b.tr.pace->take = TAKE_FIRST;
		transport_arm(&b.tr, 0, 0, 1);
		bench_settle(&b, 100, limit);
		bench_check_rest(&b, 0);
	}
	bench_close(&b);
}

static void limits(void)
{
	static const struct bench_opts limited = {
		.tr = { .ops = "pace_ops", .tune = tune_limited },
	};
	static const struct bench_opts slots = {
		.tr = { .ops = "pace_ops", .tune = tune_slots },
	};

	check_limit(&limited, PLAN_SCRIPT, 32);		/* of a wheel */
	check_limit(&limited, PLAN_FRONT, 64);		/* of all FIFOs */
	check_limit(&slots, PLAN_SCRIPT, 10);		/* of a slot */
}

/* ---- a FIFO's two ends ----------------------------------------------- */

static void front_and_tail(void)
{
	uint32_t i, wrong = 0, *o;
	struct bench b;

	if (wheel_open(&b)) {
		b.tr.pace->plan = PLAN_FRONT;
		b.tr.pace->take = TAKE_NOTHING;
		bench_push(&b, 100);
		WAIT_FOR((bench_step(&b), b.tr.pace_seen->held >= 100));
		/* 99 97 ... 1 0 2 ... 98, and round once. */
		b.tr.pace->take = TAKE_TAIL;
		CHECK_EQ(transport_arm(&b.tr, 0, 0, 1), 0, "arm");
		check_out(&b, 100);
		CHECK_EQ(b.tr.pace_seen->again, 100, "put behind the others");
		o = b.tr.pace_seen->order;
		for (i = 0; i < 100; i++)
			wrong += o[i] != (i < 50 ? 99 - 2 * i : 2 * (i - 50));
		CHECK_EQ(wrong, 0, "not where they were put");
	}
	bench_close(&b);
}

/* ---- what user space sees -------------------------------------------- */

static uint64_t sum_of_depths(int fd, uint32_t *keys)
{
	struct probe_depth depth;
	uint64_t sum = 0;
	uint32_t key, next, *at = NULL;

	*keys = 0;
	while (!bpf_map_get_next_key(fd, at, &next)) {
		key = next;
		at = &key;
		(*keys)++;
		if (!bpf_map_lookup_elem(fd, &key, &depth))
			sum += depth.packets;
	}
	return sum;
}

/* Sum of the depths in the dump that everybody knows. */
static int64_t bpftool_dump(int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	size_t room = 0;
	char *line = NULL, *at, cmd[64];
	int64_t sum = 0;
	FILE *f;

	if (bpf_map_get_info_by_fd(fd, &info, &len))
		return -errno;
	snprintf(cmd, sizeof(cmd), "bpftool -j map dump id %u", info.id);
	f = popen(cmd, "r");
	if (!f)
		return -errno;
	while (getdelim(&line, &room, '}', f) > 0) {
		at = strstr(line, "\"packets\":");
		if (at)
			sum += strtoll(strchr(at, ':') + 1, NULL, 10);
	}
	free(line);
	return pclose(f) ? -EIO : sum;
}

static void seen_from_outside(void)
{
	struct probe_depth depth;
	uint32_t keys, key;
	struct bench b;
	int fd;

	if (wheel_open(&b)) {
		fd = bpf_map__fd(bpf_object__find_map_by_name(b.tr.obj, "wheel"));
		b.tr.pace->take = TAKE_NOTHING;
		b.tr.pace->plan = PLAN_SOON;
		b.absent_nth = 1;
		bench_push(&b, 150);
		WAIT_FOR((bench_step(&b), b.tr.pace_seen->held >= 150));
		CHECK_EQ(sum_of_depths(fd, &keys), 150, "sum of the depths");
		CHECK_EQ(keys, PACE_SLOTS, "keys");
		if (!system("bpftool version > /dev/null 2>&1"))
			CHECK_EQ(bpftool_dump(fd), 150, "packets in bpftool's dump");
		else
			ktap_note("no bpftool");
		key = PACE_SLOTS;
		CHECK(bpf_map_lookup_elem(fd, &key, &depth) < 0, "a slot beyond");
		key = 0;
		CHECK(bpf_map_update_elem(fd, &key, &depth, 0) < 0, "update");
		CHECK(bpf_map_delete_elem(fd, &key) < 0, "delete");
		b.tr.pace->take = TAKE_DUE;
		transport_arm(&b.tr, 0, 0, 1);
		check_out(&b, 150);
		CHECK_EQ(sum_of_depths(fd, &keys), 0, "sum at the end");
	}
	bench_close(&b);
}

/* Does the kernel's log say @word in a line of ours since @fd was there? */
static bool logged(int fd, const char *word)
{
	char line[1024];
	bool found = false;
	ssize_t n;

	while ((n = read(fd, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		found |= strstr(line, "PKT_QUEUE refused: ") && strstr(line, word);
	}
	return found;
}

static void parameters(void)
{
	static const uint64_t wheel = 1000ULL << 32;
	static const struct {
		const char *word;
		uint32_t key, value, entries, flags;
		uint64_t extra;
	} bad[] = {
		{ "key_size 8,", 8, 4, 4, 0, 0 },
		{ "value_size 8,", 4, 8, 4, 0, 0 },
		{ "max_entries 0,", 4, 4, 0, 0, 0 },
		{ "max_entries 1048577,", 4, 4, (1 << 20) + 1, 0, 0 },
		{ "max_entries 1048577,", 4, 4, (1 << 20) + 1, 0, wheel },
		{ "max_entries 1, ", 4, 4, 1, 0, wheel },
		{ "max_entries 1000,", 4, 4, 1000, 0, wheel },
		{ "map_flags 1,", 4, 4, 4, BPF_F_NO_PREALLOC, 0 },
		{ "map_extra limit of the map 25,", 4, 4, 4, 0, 25 << 24 },
		{ "map_extra limit of the map 255,", 4, 4, 4, 0, 255U << 24 },
	};
	unsigned int i;
	int fd, kmsg;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		LIBBPF_OPTS(bpf_map_create_opts, opts,
			.map_flags = bad[i].flags,
			.map_extra = bad[i].extra,
		);

		lseek(kmsg, 0, SEEK_END);
		fd = bpf_map_create(PROBE_MAP_TYPE, "bad", bad[i].key,
				    bad[i].value, bad[i].entries, &opts);
		CHECK_EQ(fd, -EINVAL, bad[i].word);
		CHECK(logged(kmsg, bad[i].word), "no line in the log: %s",
		      bad[i].word);
		if (fd >= 0)
			close(fd);
	}
	close(kmsg);
}

static void largest_and_smallest(void)
{
	static const uint64_t extras[] = {
		0, 1ULL << 32, 0xffffffffULL << 32, 24 << 24, 0xffffff,
	};
	static const uint32_t entries[] = { 2, 1 << 20 };
	unsigned int i, k;
	int fd;

	for (i = 0; i < ARRAY_SIZE(extras); i++) {
		for (k = 0; k < ARRAY_SIZE(entries); k++) {
			LIBBPF_OPTS(bpf_map_create_opts, opts,
				.map_extra = extras[i],
			);

			fd = bpf_map_create(PROBE_MAP_TYPE, "good", 4, 4,
					    entries[k], &opts);
			CHECK(fd >= 0, "map_extra %#llx, %u entries: %d",
			      (unsigned long long)extras[i], entries[k], fd);
			if (fd >= 0)
				close(fd);
		}
	}
}

/* ---- inner maps, and the end of things ------------------------------- */

static void four_inner_wheels(void)
{
	struct bench b;

	if (wheel_open(&b)) {
		b.tr.pace->plan = PLAN_INNER;
		b.tr.pace->delay_ns = 3 * NSEC_PER_MSEC;
		bench_push(&b, 1000);
		check_out(&b, 1000);
	}
	bench_close(&b);
}

static int outer_fd(struct bench *b)
{
	return bpf_map__fd(bpf_object__find_map_by_name(b->tr.obj, "wheels"));
}

static int make_wheel(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts,
		.map_extra = (uint64_t)NSEC_PER_SEC << 32,
	);

	return bpf_map_create(PROBE_MAP_TYPE, "later", 4, 4, 64, &opts);
}

/* The last reference to a map with packets goes: so do they, and only they. */
static void inner_wheel_goes_away(void)
{
	uint32_t key, keys;
	struct bench b;
	int fd[2] = { -1, -1 };

	if (wheel_open(&b)) {
		for (key = 0; key < 2; key++) {
			fd[key] = make_wheel();
			CHECK_EQ(bpf_map_update_elem(outer_fd(&b), &key, &fd[key], 0),
				 0, "put it into the other");
		}
		for (key = 2; key < PACE_INNERS; key++)
			bpf_map_update_elem(outer_fd(&b), &key, &fd[1], 0);
		b.tr.pace->base = 0;
		hold_far_away(&b, PLAN_INNER, 100);
		CHECK_EQ(sum_of_depths(fd[0], &keys), 25, "packets in it");
		key = 0;
		CHECK_EQ(bpf_map_update_elem(outer_fd(&b), &key, &fd[1], 0), 0,
			 "take it out");
		close(fd[0]);
		bench_settle(&b, 25, 0);
		bench_check_rest(&b, 75);
		CHECK_EQ(sum_of_depths(fd[1], &keys), 75, "packets in the other");
		close(fd[1]);
	}
	bench_close(&b);
}

/* The socket goes, then the transport, each with a full wheel. */
static void full_wheel_at_the_end(void)
{
	struct bench b;
	int i;

	for (i = 0; i < 2; i++) {
		if (wheel_open_with(&b, &long_opts)) {
			hold_far_away(&b, PLAN_SOON, 300);
			bench_check_rest(&b, 300);
			if (i) {
				transport_detach(&b.tr);
				bench_settle(&b, 300, 0);
				CHECK_EQ(b.sink.received, 0, "received");
			}
		}
		bench_close(&b);
	}
}

/* ---- two CPUs -------------------------------------------------------- */

struct armer {
	struct transport *tr;
	bool stop;
	pthread_t thread;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *arm_for_ever(void *data)
{
	struct armer *a = data;

	pin(1);
	while (!__atomic_load_n(&a->stop, __ATOMIC_ACQUIRE))
		if (transport_arm(a->tr, 0, 0, 16))
			break;
	return NULL;
}

/*
 * Another CPU empties the wheel all the time, also while packets are put in:
 * when it has stopped, the wheel still arms its timer for the rest.
 */
static void emptied_while_it_is_filled(void)
{
	struct armer a = {};
	struct bench b;

	pin(0);
	if (wheel_open(&b)) {
		b.tr.pace->plan = PLAN_SOON;
		b.tr.pace->delay_ns = 3 * PACE_SLOT_NS;
		b.window = 100;
		a.tr = &b.tr;
		pthread_create(&a.thread, NULL, arm_for_ever, &a);
		bench_push(&b, 2000);
		__atomic_store_n(&a.stop, true, __ATOMIC_RELEASE);
		pthread_join(a.thread, NULL);
		check_out(&b, 2000);
	}
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "in_order_of_time", in_order_of_time },
	{ "past", past },
	{ "beyond_the_horizon", beyond_the_horizon },
	{ "put_back_to_the_front", put_back_to_the_front },
	{ "one_packet_per_run", one_packet_per_run },
	{ "served_by_the_thread", served_by_the_thread },
	{ "taken_before_they_are_due", taken_before_they_are_due },
	{ "drained", drained },
	{ "no_such_timer", no_such_timer },
	{ "limits", limits },
	{ "front_and_tail", front_and_tail },
	{ "seen_from_outside", seen_from_outside },
	{ "parameters", parameters },
	{ "largest_and_smallest", largest_and_smallest },
	{ "four_inner_wheels", four_inner_wheels },
	{ "inner_wheel_goes_away", inner_wheel_goes_away },
	{ "full_wheel_at_the_end", full_wheel_at_the_end },
	{ "emptied_while_it_is_filled", emptied_while_it_is_filled },
	{ "lower_bound", order_lower_bound },
	{ "best_of_each_peer", order_best_of_each_peer },
};

const struct ktap_suite suite_wheel = KTAP_SUITE("wheel", cases);
