// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * One wake-up of the NIC, and few packets, for what a program sends at a time.
 *
 * A server that got n events from epoll_wait() is about to send up to n times;
 * telling the kernel each time costs more than the packets. So after n > 1
 * events sends are collected until there were n of them or the program waits
 * again, in whatever call. Likewise when there is one event, but the program
 * answered each of the last ones by many sends, as with pipelined requests; small
 * ones of a connection then share packets, too. If it goes on sending, twice as
 * many are collected the next time.
 *
 * A program that sends less than expected and computes before it goes on delays
 * that; libetran's own thread ends it after 100 ms. So a habit counts only of
 * rounds, from one wait to the next, that took no longer than QUICK_NS. With a
 * second thread that sends nothing is collected. One that only accepts does not
 * count: many servers have one of these and a worker.
 */
#include "shim.h"

#define QUICK_NS	1000000
#define COLLECT_MAX	1024

/* What a thread did from one wait to the next. */
struct round {
	int sent;		/* in this one */
	int last, before;	/* in the two before, if they were quick; else 0 */
	int more;		/* to collect when the budget is used up, 0: none */
	bool look;		/* the last one sent often: is this one quick? */
	uint64_t began;		/* if so, when it did */
};

static SHIM_TLS bool sends;	/* this thread has sent before */
static SHIM_TLS struct round round;
static atomic_int senders;	/* such threads */
static atomic_int budget;	/* sends that may still be collected, 0: not corked */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void collect(int n)
{
	atomic_store(&budget, n);
	etran_cork(true);
}

/* epoll_wait() returns @n events to the program. */
void shim_cork(int n)
{
	int habit = round.last < round.before ? round.last : round.before;

	if (round.look)
		round.began = now();
	if (n && n < habit)
		n = habit;
	round.more = habit > 1 ? n * 2 : 0;
	if (n > 1 && sends && atomic_load(&senders) == 1)
		collect(n);
}

static void flush(void)
{
	if (atomic_load(&budget) <= 0 || atomic_exchange(&budget, 0) <= 0)
		return;
	etran_cork(false);
	etran_kick();
}

/* The program waits. */
void shim_uncork(void)
{
	round.before = round.last;
	round.last = 0;
	if (round.look && now() - round.began <= QUICK_NS)
		round.last = round.sent;
	round.look = round.sent > 1;
	round.sent = 0;
	flush();
}

/* Something was sent. */
void shim_sent(void)
{
	round.sent++;
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
