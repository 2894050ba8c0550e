// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * One wake-up of the NIC, and few packets, for what a program sends at a time.
 *
 * A server that got n events from epoll_wait() is about to send up to n times;
 * telling the kernel each time costs more than the packets. So after n > 1
 * events sends are collected until there were n of them or the program waits
 * again, in whatever call. Small ones of a connection then share packets, too.
 *
 * One event can be many requests: those of a pipeline. How many is told by how
 * much was read, since a thread reads about as many bytes for each send as it did
 * before. What arrived together is answered together then, however much that is,
 * and the other end gets it in one piece: bunches grow and do not fall apart. A
 * program that sends often for other reasons does so again, at least as often as
 * in each of the last two rounds, a round being what is between two waits. If it
 * goes on sending, twice as many are collected the next time.
 *
 * A program that sends less than expected and computes before it goes on delays
 * that; libetran's own thread ends it after 100 ms. So more sends than events are
 * expected only while rounds of that kind take no longer than QUICK_NS from the
 * first send on. With a second thread that sends nothing is collected. One that
 * only accepts does not count: many servers have one of these and a worker.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "cork.h"
#include "libetran/libetran.h"
#include "tls.h"

#define QUICK_NS	1000000
#define COLLECT_MAX	1024

/* What a thread does from one wait to the next. */
struct round {
	int sent;		/* in this one */
	int last, before;	/* in the two before */
	int expected;		/* sends of this one */
	int more;		/* to collect when the budget is used up, 0: none */
	bool look;		/* more sends than events are expected: ... */
	uint64_t began;		/* when was the first one? */
	bool quick;		/* the last one of that kind was */
	uint64_t got;		/* bytes read in this one, ... */
	uint64_t enough;	/* and of how many on more sends are expected */
	uint64_t avg_got, avg_sent;	/* of those with bytes, moving, scaled */
	uint64_t each;		/* bytes for a send, 0: not known */
};

static SHIM_TLS bool sends;	/* this thread has sent before */
static SHIM_TLS struct round round = { .enough = UINT64_MAX };
static atomic_int senders;	/* such threads */
static atomic_int budget;	/* sends that may still be collected, 0: not corked */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static bool alone(void)
{
	return sends && atomic_load(&senders) == 1;
}

static void collect(int n)
{
	if (atomic_exchange(&budget, n) <= 0)
		etran_cork(true);
}

static void expect(int n)
{
	round.expected = n;
	round.enough = UINT64_MAX;
	if (round.each)
		round.enough = n * round.each + (round.each + 1) / 2;
}

/* There will be more sends than there were events. */
static void expect_more(int n)
{
	if (n <= round.expected)
		return;
	expect(n);
	round.look = true;
	if (!round.quick || !alone() || n <= round.sent)
		return;
	collect(n - round.sent);
	round.more = n * 2;
}

/* epoll_wait() returns @n events to the program. */
void shim_cork(int n)
{
	int habit = round.last < round.before ? round.last : round.before;

	if (!n)
		return;
	expect(n);
	if (n > 1 && alone())
		collect(n);
	expect_more(habit);
}

/* The program has read @n bytes. */
void shim_got(size_t n)
{
	round.got += n;
	if (round.got < round.enough)
		return;
	n = (round.got + round.each / 2) / round.each;
	n += n / 8;
	expect_more(n < COLLECT_MAX ? n : COLLECT_MAX);
}

static void flush(void)
{
	if (atomic_load(&budget) <= 0 || atomic_exchange(&budget, 0) <= 0)
		return;
	etran_cork(false);
	etran_kick();
}

/* How many bytes does the program read for each send? */
static void learn(void)
{
	round.avg_got += (round.got << 8) - (round.avg_got >> 2);
	round.avg_sent += ((uint64_t)round.sent << 8) - (round.avg_sent >> 2);
	round.each = round.avg_sent ? round.avg_got / round.avg_sent : 0;
	round.got = 0;
}

/* The program waits. */
void shim_uncork(void)
{
	if (round.began)
		round.quick = now() - round.began <= QUICK_NS;
	round.began = 0;
	round.look = false;
	if (round.got)
		learn();
	round.before = round.last;
	round.last = round.sent;
	round.sent = 0;
	round.more = 0;
	round.enough = UINT64_MAX;
	flush();
}

/* Something was sent. */
void shim_sent(void)
{
	round.sent++;
	if (round.look && !round.began)
		round.began = now();
	if (!sends) {
		sends = true;
		atomic_fetch_add(&senders, 1);
	}
	if (atomic_load(&budget) <= 0)
		return;
	if (atomic_fetch_sub(&budget, 1) > 1 && atomic_load(&senders) == 1)
		return;
	atomic_store(&budget, 1);
	flush();
	if (!round.more || atomic_load(&senders) > 1)
		return;
	collect(round.more);
	if (round.more < COLLECT_MAX)
		round.more *= 2;
}
