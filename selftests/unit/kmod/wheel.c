// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/wheel.c: the edges one by one, then at random against a model.
 *
 * link: -Iselftests/unit/kmod
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wheel_model.h"

#define SLOTS	4096
#define WIDTH	1000

void cpu_yield(void)
{
}

static struct etran_wheel w;
static struct etran_slot slot[SLOTS];
static u64 bits[SLOTS];

static void setup(u32 slots, u32 limit)
{
	memset(bits, 0, sizeof(bits));
	etran_wheel_init(&w, slots, WIDTH, limit, slot, bits);
}

static struct etran_place add(struct list_head *node, u64 when, u64 now, u32 *at)
{
	struct etran_place p = { .when = when, .now = now };

	assert_int_equal(etran_wheel_add(&w, node, &p, at), 0);
	return p;
}

static void sizes_of_the_bitmaps(void **unused)
{
	(void)unused;
	assert_int_equal(etran_wheel_words(2), 1);
	assert_int_equal(etran_wheel_words(64), 1);
	assert_int_equal(etran_wheel_words(128), 2 + 1);
	assert_int_equal(etran_wheel_words(4096), 64 + 1);
	assert_int_equal(etran_wheel_words(8192), 128 + 2 + 1);
	assert_int_equal(etran_wheel_words(1 << 20), 16384 + 256 + 4 + 1);
}

static void never_early_and_at_most_a_width_late(void **unused)
{
	static const struct {
		u64 when, due;
	} cases[] = {
		{ 5000, 5000 }, { 5001, 6000 }, { 5999, 6000 }, { 6000, 6000 },
	};
	struct list_head node;
	u32 i, at;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(64, 0);
		assert_int_equal(add(&node, cases[i].when, 0, &at).due, cases[i].due);
		assert_null(etran_wheel_first(&w, cases[i].due - 1));
		assert_ptr_equal(etran_wheel_first(&w, cases[i].due), &node);
		etran_wheel_del(&w, &node, at);
		assert_true(etran_wheel_next(&w) == ETRAN_WHEEL_NEVER);
	}
}

static void the_past_is_now(void **unused)
{
	struct list_head node[2];
	struct etran_place p;
	u32 at[2];

	(void)unused;
	setup(64, 0);
	p = add(&node[0], 0, 1000500, &at[0]);
	assert_int_equal(p.due, 1000000);
	assert_true(p.first);
	assert_false(p.early);
	/* Behind what waits already, although its time is earlier. */
	p = add(&node[1], 17, 1000600, &at[1]);
	assert_int_equal(p.due, 1000000);
	assert_false(p.first);
	assert_ptr_equal(etran_wheel_first(&w, 1000600), &node[0]);
	etran_wheel_del(&w, &node[0], at[0]);
	assert_ptr_equal(etran_wheel_first(&w, 1000600), &node[1]);
}

static void beyond_the_horizon_is_its_end(void **unused)
{
	struct list_head node[3];
	struct etran_place p;
	u32 at[3];

	(void)unused;
	setup(64, 0);
	p = add(&node[0], 100000 + 63 * WIDTH, 100000, &at[0]);
	assert_false(p.early);
	assert_int_equal(p.due, 100000 + 63 * WIDTH);
	p = add(&node[1], 100000 + 63 * WIDTH + 1, 100000, &at[1]);
	assert_true(p.early);
	assert_int_equal(p.due, 100000 + 63 * WIDTH);
	p = add(&node[2], UINT64_MAX, 100000, &at[2]);
	assert_true(p.early);
	assert_int_equal(p.due, 100000 + 63 * WIDTH);
}

/* What nobody takes stays where it is, and the window with it. */
static void a_late_one_is_not_lapped(void **unused)
{
	struct list_head node[2];
	struct etran_place p;
	u32 at[2];

	(void)unused;
	setup(64, 0);
	add(&node[0], 10 * WIDTH, 0, &at[0]);
	p = add(&node[1], 90 * WIDTH, 80 * WIDTH, &at[1]);
	assert_true(p.early);
	assert_int_equal(p.due, 73 * WIDTH);
	assert_ptr_equal(etran_wheel_first(&w, 80 * WIDTH), &node[0]);
	etran_wheel_del(&w, &node[0], at[0]);
	assert_ptr_equal(etran_wheel_first(&w, 80 * WIDTH), &node[1]);
}

static void a_slot_has_a_limit(void **unused)
{
	struct etran_place p = { .when = 5000 };
	struct list_head node[4];
	u32 at, i;

	(void)unused;
	setup(64, 2);
	for (i = 0; i < 2; i++)
		assert_int_equal(etran_wheel_add(&w, &node[i], &p, &at), 0);
	assert_int_equal(etran_wheel_add(&w, &node[2], &p, &at), -ENOSPC);
	assert_int_equal(slot[at].depth, 2);
	p.when = 6000;
	assert_int_equal(etran_wheel_add(&w, &node[2], &p, &at), 0);
	p.when = 5000;
	p.force = true;
	assert_int_equal(etran_wheel_add(&w, &node[3], &p, &at), 0);
	assert_int_equal(slot[at].depth, 3);
}

/* One entry in each slot in turn, found from each place of the window. */
static void every_slot_is_found(void **unused)
{
	struct list_head node;
	u64 now, when;
	u32 i, k, at;

	(void)unused;
	for (k = 2; k <= SLOTS; k *= 2) {
		setup(k, 0);
		now = 12345;
		for (i = 0; i < k; i++) {
			when = (now / WIDTH + i) * WIDTH;
			add(&node, when, now, &at);
			assert_int_equal(etran_wheel_next(&w), when);
			assert_ptr_equal(etran_wheel_first(&w, when), &node);
			etran_wheel_del(&w, &node, at);
			now += 7 * WIDTH + i;
		}
	}
}

static void at_random_against_a_model(void **unused)
{
	u64 past = 0, early = 0, full = 0, taken = 0;
	static struct model m;
	static u8 buf[8192];
	struct model_bytes b;
	u32 run, i;

	(void)unused;
	srand(3);
	for (run = 0; run < 300; run++) {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = rand() >> 5;
		/* Small wheels and narrow slots more often than not. */
		if (run % 4)
			buf[0] = run % 9;
		b.at = buf;
		b.end = buf + sizeof(buf);
		model_run(&m, &b);
		past += m.past;
		early += m.early;
		full += m.full;
		taken += m.taken;
	}
	print_message("# past %lu, early %lu, full %lu, taken when due %lu\n",
		      past, early, full, taken);
	assert_true(past > 1000 && early > 1000 && full > 1000 && taken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_of_the_bitmaps),
		cmocka_unit_test(never_early_and_at_most_a_width_late),
		cmocka_unit_test(the_past_is_now),
		cmocka_unit_test(beyond_the_horizon_is_its_end),
		cmocka_unit_test(a_late_one_is_not_lapped),
		cmocka_unit_test(a_slot_has_a_limit),
		cmocka_unit_test(every_slot_is_found),
		cmocka_unit_test(at_random_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
