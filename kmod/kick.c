// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waking the drivers of pools, and the frames that a timer program has a
 * reference to.
 *
 * Both are lists of the CPU that the round runs on, BH disabled: they are empty
 * between two rounds.
 */
#include <linux/percpu.h>

#include "exit.h"
#include "kick.h"
#include "pool.h"
#include "skb.h"
#include "trace.h"

/* Pools that the timer round on this CPU has released packets of. */
static DEFINE_PER_CPU(struct list_head, pool_kicks);
/* Frames that the timer program on this CPU has a reference to. */
static DEFINE_PER_CPU(struct list_head, pool_taken);

/**
 * etran_kick_init - prepare the per-CPU lists
 */
void etran_kick_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		INIT_LIST_HEAD(per_cpu_ptr(&pool_kicks, cpu));
		INIT_LIST_HEAD(per_cpu_ptr(&pool_taken, cpu));
	}
}

/**
 * etran_pool_kick - make the transmit path run
 * @ep: pool
 *
 * BH disabled or process context, under RCU.
 */
void etran_pool_kick(struct etran_pool *ep)
{
	if (!ep->zc) {
		local_bh_disable();
		etran_skb_flush(ep);
		local_bh_enable();
	} else if (!READ_ONCE(ep->gone)) {
		ep->dev->netdev_ops->ndo_xsk_wakeup(ep->dev, ep->queue, XDP_WAKEUP_TX);
	}
}

/**
 * etran_pool_kick_sync - make the transmit path run
 * @ep: pool
 *
 * Process context.
 */
void etran_pool_kick_sync(struct etran_pool *ep)
{
	rcu_read_lock();
	etran_pool_kick(ep);
	rcu_read_unlock();
}

/**
 * etran_pool_take - a timer program got a reference
 * @f: frame in TAKEN
 */
void etran_pool_take(struct etran_frame *f)
{
	list_add_tail(&f->node, this_cpu_ptr(&pool_taken));
}

/**
 * etran_pool_put_back - a timer program gave its reference away
 * @f: frame in TAKEN
 */
void etran_pool_put_back(struct etran_frame *f)
{
	list_del_init(&f->node);
}

/**
 * etran_pool_reclaim - a timer program has returned
 *
 * The verifier of 7.3 lets a struct_ops program return with a reference in
 * its return register. Such a packet is dropped.
 *
 * @tr: its transport
 */
void etran_pool_reclaim(struct etran_transport *tr)
{
	struct list_head *taken = this_cpu_ptr(&pool_taken);
	struct etran_frame *f;
	struct etran_pool *ep;

	while (unlikely(!list_empty(taken))) {
		f = list_first_entry(taken, struct etran_frame, node);
		ep = container_of(f->frames, struct etran_pool, fs);
		atomic64_inc(&ep->bad_timer);
		etran_exit_bad(tr, "timer");
		etran_pool_release(f, true);
	}
}

static void pool_kick_later(struct etran_pool *ep)
{
	if (!xchg(&ep->kick, 1))
		list_add_tail(&ep->kick_node, this_cpu_ptr(&pool_kicks));
}

/**
 * etran_pool_release - a timer program gives a packet away
 * @f: frame in TAKEN
 * @drop: back to the tenant, not to the NIC
 *
 * The driver is woken at the end of the round, etran_pool_kick_all().
 */
void etran_pool_release(struct etran_frame *f, bool drop)
{
	struct etran_pool *ep = container_of(f->frames, struct etran_pool, fs);

	etran_pool_put_back(f);
	if (trace_etran_release_enabled())
		etran_trace_release(f, drop);
	etran_frame_release(f, ETRAN_FRAME_TAKEN, drop);
	pool_kick_later(ep);
}

/**
 * etran_pool_purge - the map that a packet is in goes away
 * @f: frame that is, or was a moment ago, in a bucket of it
 *
 * BH disabled, under RCU; then etran_pool_kick_all().
 */
void etran_pool_purge(struct etran_frame *f)
{
	if (etran_frame_purge(f))
		pool_kick_later(container_of(f->frames, struct etran_pool, fs));
}

/**
 * etran_pool_kick_all - end of a timer round: wake the drivers
 *
 * BH disabled, under RCU.
 */
void etran_pool_kick_all(void)
{
	struct list_head *kicks = this_cpu_ptr(&pool_kicks);
	struct etran_pool *ep;

	while (!list_empty(kicks)) {
		ep = list_first_entry(kicks, struct etran_pool, kick_node);
		list_del_init(&ep->kick_node);
		/* From here on a release on another CPU kicks by itself. */
		xchg(&ep->kick, 0);
		etran_pool_kick(ep);
	}
}
