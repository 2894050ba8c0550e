// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * One wake-up of the NIC for the answers to one round of events.
 *
 * A server that got n events from epoll_wait() is about to send up to n times;
 * telling the kernel each time costs more than the packets. So after n > 1
 * events sends are collected until there were n of them or the program waits
 * again, in whatever call. A program that answers one of several and computes
 * before it goes on delays that answer; libetran's own thread ends that after
 * 100 ms. With a second thread on eTran sockets nothing is collected.
 */
#include "shim.h"

static SHIM_TLS bool seen;
static atomic_int threads;
static atomic_int budget;	/* sends that may still be collected, 0: not corked */

/* epoll_wait() returns @n events to the program. */
void shim_cork(int n)
{
	if (!seen) {
		seen = true;
		atomic_fetch_add(&threads, 1);
	}
	if (n < 2 || atomic_load(&threads) > 1)
		return;
	atomic_store(&budget, n);
	etran_cork(true);
}

/* The program waits. */
void shim_uncork(void)
{
	if (atomic_load(&budget) <= 0 || atomic_exchange(&budget, 0) <= 0)
		return;
	etran_cork(false);
	etran_kick();
}

/* Something was sent. */
void shim_sent(void)
{
	if (atomic_load(&budget) <= 0)
		return;
	if (atomic_fetch_sub(&budget, 1) > 1 && seen)
		return;
	atomic_store(&budget, 1);
	shim_uncork();
}
