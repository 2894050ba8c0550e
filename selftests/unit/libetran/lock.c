// SPDX-License-Identifier: GPL-2.0-only
/* The library's mutex: nobody else is inside, nobody sleeps for ever. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "libetran/lock.h"
#include "libetran/lock.c"

#define THREADS	8
#define ROUNDS	20000

static struct et_mutex lock;
static unsigned long inside, twice, passed;

static void *worker(void *arg)
{
	volatile unsigned int pause;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		et_mutex_lock(&lock);
		if (__atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED) != 1)
			__atomic_add_fetch(&twice, 1, __ATOMIC_RELAXED);
		for (pause = 0; pause < 20; pause++)
			;
		/* Let the others run into a lock that is taken. */
		if (!(i % 50))
			sched_yield();
		passed++;
		__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
		et_mutex_unlock(&lock);
	}
	return arg;
}

static void one_at_a_time(void **state)
{
	pthread_t t[THREADS];
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, worker, NULL), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(twice, 0);
	assert_int_equal(passed, THREADS * ROUNDS);
	assert_int_equal(lock.state, 0);
}

static void errno_is_kept(void **state)
{
	(void)state;
	atomic_store(&lock.state, 2);	/* as with a sleeper that has given up */
	errno = EXDEV;
	et_mutex_unlock(&lock);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(lock.state, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(errno_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
