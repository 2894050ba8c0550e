// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of pools and transports, and frames that nobody can account for.
 */
#include <linux/percpu.h>

#include "account.h"
#include "cpu.h"
#include "pool.h"
#include "transport.h"

/* Of pools that are gone. */
static atomic64_t pool_leaked = ATOMIC64_INIT(0);

/**
 * etran_counters_add - add counters to others
 * @sum: sum
 * @cnt: what is added
 */
void etran_counters_add(struct etran_counters *sum, const struct etran_counters *cnt)
{
	const u64 *c = (const u64 *)cnt;
	u64 *s = (u64 *)sum;
	int i;

	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		s[i] += c[i];
}

/**
 * etran_pool_count - add a pool's counters
 * @ep: pool
 * @sum: sum
 */
void etran_pool_count(struct etran_pool *ep, struct etran_counters *sum)
{
	u32 nr[ETRAN_FRAME_STATES] = {}, i;

	for (i = 0; i < ep->fs.nr; i++)
		nr[etran_frame_get(&ep->fs, i)]++;

	sum->completed += READ_ONCE(ep->cnt.completed) + READ_ONCE(ep->fs.cq.published) +
			  READ_ONCE(ep->returned);
	sum->peeked += READ_ONCE(ep->cnt.peeked);
	sum->refused += READ_ONCE(ep->cnt.refused);
	sum->sent += READ_ONCE(ep->cnt.sent);
	sum->held += READ_ONCE(ep->cnt.held);
	sum->dropped += READ_ONCE(ep->cnt.dropped) + READ_ONCE(ep->fs.timer_drops);
	sum->bad_verdict += READ_ONCE(ep->cnt.bad_verdict) +
			    atomic64_read(&ep->bad_timer);
	sum->busy_chunk += READ_ONCE(ep->cnt.busy_chunk);
	sum->cq_full += READ_ONCE(ep->fs.cq.full);
	sum->holding += nr[ETRAN_FRAME_PENDING] + nr[ETRAN_FRAME_HELD] +
			nr[ETRAN_FRAME_TAKEN] + nr[ETRAN_FRAME_READY] +
			nr[ETRAN_FRAME_BACK];
	sum->in_nic += nr[ETRAN_FRAME_NIC];
}

/**
 * etran_transport_count - add a transport's own counters
 * @tr: transport
 * @sum: sum
 */
void etran_transport_count(const struct etran_transport *tr, struct etran_counters *sum)
{
	int cpu;

	etran_counters_add(sum, &tr->past);
	for_each_possible_cpu(cpu) {
		const struct etran_cpu *c = per_cpu_ptr(tr->cpu, cpu);

		sum->gen_requests += READ_ONCE(c->gen_requests);
		sum->gen_sent += READ_ONCE(c->gen_sent);
		sum->gen_skipped += READ_ONCE(c->gen_skipped);
		sum->gen_failed += READ_ONCE(c->gen_failed);
		sum->timer_runs += READ_ONCE(c->timer_runs);
	}
	if (tr->global)
		sum->timer_runs += READ_ONCE(tr->global->timer_runs);
}

/* Independent of each other: what came, what went, and what each frame says. */
static s64 pool_leak(struct etran_pool *ep)
{
	struct etran_counters sum = {};

	etran_pool_count(ep, &sum);
	return (s64)(sum.peeked - sum.completed - sum.refused - sum.holding - sum.in_nic);
}

/**
 * etran_account_close - a pool goes: what is missing now is lost
 * @ep: pool
 */
void etran_account_close(struct etran_pool *ep)
{
	struct etran_counters sum = {};
	s64 lost;

	etran_pool_count(ep, &sum);
	/* What its completion ring had no room for went with the UMEM. */
	lost = sum.peeked - sum.completed - sum.refused - ep->fs.back.nr;

	if (!lost)
		return;
	atomic64_add(abs(lost), &pool_leaked);
	pr_warn("%s queue %u: %lld frames were not given back\n",
		ep->name, ep->queue, lost);
}

/**
 * etran_pool_leaked - frames that nobody can account for
 *
 * Takes no lock and does not wait, since everybody may ask. A pool in motion
 * changes while it is looked at, so it may seem to miss some for a moment: who
 * reads something else than 0 reads again.
 *
 * Return: number of frames.
 */
u64 etran_pool_leaked(void)
{
	u64 leaked = atomic64_read(&pool_leaked) + atomic64_read(&etran_frame_refusals);
	struct etran_pool *ep;

	rcu_read_lock();
	list_for_each_entry_rcu(ep, &etran_pools, list)
		leaked += abs(pool_leak(ep));
	rcu_read_unlock();
	return leaked;
}
