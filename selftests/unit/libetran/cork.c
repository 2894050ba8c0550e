// SPDX-License-Identifier: GPL-2.0-only
/* When the shim collects what a program sends, and when the NIC is told. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include <time.h>

static uint64_t fake_ns;

static int fake_clock(clockid_t id, struct timespec *t)
{
	(void)id;
	t->tv_sec = fake_ns / 1000000000;
	t->tv_nsec = fake_ns % 1000000000;
	return 0;
}

#define clock_gettime fake_clock
#include "libetran/shim/cork.c"

static bool corked;
static int waiting;		/* sends that the NIC was not told of */
static int told;

bool etran_cork(bool on)
{
	bool was = corked;

	corked = on;
	return was;
}

void etran_kick(void)
{
	told += waiting > 0;
	waiting = 0;
}

static void send_one(void)
{
	waiting++;
	if (!corked)
		etran_kick();
	shim_sent();
}

/*
 * @n sends after so many events and @got bytes, in @ns nanoseconds.
 * Return: how often the NIC is told.
 */
static int round_of(int events, size_t got, int n, uint64_t ns)
{
	int before = told;

	shim_cork(events);
	if (got)
		shim_got(got);
	while (n--)
		send_one();
	fake_ns += ns;
	shim_uncork();
	assert_false(corked);
	assert_int_equal(waiting, 0);
	return told - before;
}

static int one_round(int events, int n, uint64_t ns)
{
	return round_of(events, 0, n, ns);
}

static void forget(void)
{
	bool sent = sends;

	shim_uncork();
	round = (struct round){ .enough = UINT64_MAX };
	sends = sent;
}

static void first_sends(void **state)
{
	(void)state;
	assert_int_equal(one_round(4, 4, 10), 4);
	assert_int_equal(one_round(4, 4, 10), 1);
}

static void many_events(void **state)
{
	(void)state;
	forget();
	assert_int_equal(one_round(4, 4, 10), 1);
	assert_int_equal(one_round(4, 2, 10), 1);	/* the wait tells */
	forget();
	assert_int_equal(one_round(4, 6, 10), 3);	/* two more than expected */
	forget();
	assert_int_equal(one_round(1, 1, 10), 1);
	assert_int_equal(one_round(1, 3, 10), 3);
}

static void habit(void **state)
{
	int i;

	(void)state;
	forget();
	assert_int_equal(one_round(1, 8, 10), 8);
	assert_int_equal(one_round(1, 8, 10), 8);
	assert_int_equal(one_round(1, 8, 10), 8);	/* looks how long it takes */
	assert_int_equal(one_round(1, 8, 10), 1);
	/* The last expected one does not wait for the program to wait. */
	shim_cork(1);
	for (i = 0; i < 8; i++)
		send_one();
	assert_int_equal(waiting, 0);
	shim_uncork();
	/* It expects the smaller one of two, and then twice as many. */
	assert_int_equal(one_round(1, 3, 10), 1);
	assert_int_equal(one_round(1, 3 + 6 + 12 + 1, 10), 4);
	/* A wait without events begins nothing. */
	shim_cork(0);
	assert_false(corked);
	shim_uncork();
	assert_int_equal(one_round(1, 1, 10), 1);
	assert_int_equal(one_round(4, 6, 10), 3);
}

static void slow_rounds(void **state)
{
	int i;

	(void)state;
	forget();
	for (i = 0; i < 5; i++)
		assert_int_equal(one_round(1, 8, QUICK_NS + 1), 8);
	assert_int_equal(one_round(1, 8, 10), 8);
	assert_int_equal(one_round(1, 8, 10), 1);
	/* What comes before the first send delays nothing. */
	shim_cork(1);
	fake_ns += QUICK_NS + 1;
	for (i = 0; i < 8; i++)
		send_one();
	shim_uncork();
	assert_int_equal(one_round(1, 8, 10), 1);
}

/* Requests of 64 bytes, pipelined, in bunches of any size. */
static void bunches(void **state)
{
	static const int sizes[] = { 63, 1, 40, 2, 1, 1, 22, 64, 3, 5, 56 };
	unsigned int i;

	(void)state;
	forget();
	for (i = 0; i < 4; i++)
		assert_int_equal(round_of(1, 64, 1, 10), 1);
	assert_int_equal(round_of(1, 128, 2, 10), 2);	/* looks how long it takes */
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		assert_int_equal(round_of(1, 64 * sizes[i], sizes[i], 10), 1);
	/* A single request after them is answered at once. */
	assert_int_equal(round_of(1, 64, 1, 10), 1);
	assert_int_equal(round_of(1, 64, 1, 10), 1);
	shim_cork(1);
	shim_got(64);
	send_one();
	assert_int_equal(waiting, 0);
	shim_uncork();
}

/* Several connections, each with several requests. */
static void bunches_of_many(void **state)
{
	int i;

	(void)state;
	forget();
	for (i = 0; i < 4; i++)
		round_of(1, 64, 2, 10);
	shim_cork(3);
	for (i = 0; i < 3; i++) {
		shim_got(256);
		send_one();
		send_one();
		send_one();
	}
	assert_int_equal(waiting, 9);
	shim_uncork();
	assert_int_equal(waiting, 0);
}

/* What a program reads is not trusted to be requests. */
static void other_sizes(void **state)
{
	int i;

	(void)state;
	forget();
	for (i = 0; i < 8; i++)
		assert_int_equal(round_of(1, 64, 1, 10), 1);
	/* A larger request is not two. */
	shim_cork(1);
	shim_got(94);
	send_one();
	assert_int_equal(waiting, 0);
	shim_uncork();
	/* An upload: more is expected than comes; the wait tells. */
	assert_int_equal(round_of(1, 1 << 20, 1, 10), 1);
	assert_int_equal(round_of(1, SIZE_MAX, 1, 10), 1);
	/* Larger requests are known for what they are after a few. */
	forget();
	for (i = 0; i < 8; i++)
		round_of(1, 64, 1, 10);
	for (i = 0; i < 12; i++)
		round_of(1, 4096, 1, 10);
	shim_cork(1);
	shim_got(4096);
	send_one();
	assert_int_equal(waiting, 0);
	shim_uncork();
	/* Nothing is sent for what is read, so nothing is expected. */
	forget();
	for (i = 0; i < 8; i++)
		assert_int_equal(round_of(1, 64, 0, 10), 0);
	assert_int_equal(round_of(1, 640, 2, 10), 2);
}

static void slow_bunches(void **state)
{
	int i;

	(void)state;
	forget();
	for (i = 0; i < 8; i++)
		assert_int_equal(round_of(1, 640, 10, QUICK_NS + 1), 10);
	assert_int_equal(round_of(1, 640, 10, 10), 10);
	assert_int_equal(round_of(1, 640, 10, QUICK_NS + 1), 1);
	assert_int_equal(round_of(1, 640, 10, 10), 10);
}

static void *accepts(void *arg)
{
	shim_uncork();
	shim_cork(2);
	return arg;
}

static void *sends_one(void *arg)
{
	shim_cork(2);
	send_one();
	return arg;
}

static void in_thread(void *(*fn)(void *arg))
{
	pthread_t id;

	assert_int_equal(pthread_create(&id, NULL, fn, NULL), 0);
	pthread_join(id, NULL);
}

static void second_thread(void **state)
{
	(void)state;
	forget();
	in_thread(accepts);
	assert_false(corked);
	assert_int_equal(one_round(4, 4, 10), 1);
	/* What it sends goes at once, and all that was collected with it. */
	shim_cork(4);
	send_one();
	assert_int_equal(waiting, 1);
	in_thread(sends_one);
	assert_int_equal(waiting, 0);
	shim_uncork();
	assert_int_equal(one_round(4, 4, 10), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_sends),
		cmocka_unit_test(many_events),
		cmocka_unit_test(habit),
		cmocka_unit_test(slow_rounds),
		cmocka_unit_test(bunches),
		cmocka_unit_test(bunches_of_many),
		cmocka_unit_test(other_sizes),
		cmocka_unit_test(slow_bunches),
		cmocka_unit_test(second_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
