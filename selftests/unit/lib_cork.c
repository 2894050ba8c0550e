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
#include "../../libetran/shim_cork.c"

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

/* @n sends after so many events, @ns nanoseconds; Return: how often the NIC is told. */
static int one_round(int events, int n, uint64_t ns)
{
	int before = told;

	shim_cork(events);
	while (n--)
		send_one();
	fake_ns += ns;
	shim_uncork();
	assert_false(corked);
	assert_int_equal(waiting, 0);
	return told - before;
}

static void forget(void)
{
	one_round(0, 0, 0);
	one_round(0, 0, 0);
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
	assert_int_equal(one_round(1, 8, 10), 8);
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
}

static void slow_rounds(void **state)
{
	int i;

	(void)state;
	forget();
	for (i = 0; i < 5; i++)
		assert_int_equal(one_round(1, 8, QUICK_NS + 1), 8);
	assert_int_equal(one_round(1, 8, 10), 8);
	assert_int_equal(one_round(1, 8, 10), 8);
	assert_int_equal(one_round(1, 8, 10), 1);
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
		cmocka_unit_test(second_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
