// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks after transports that do not end by themselves, and says who is to
 * blame for packets that do not move:
 *
 *   HELD			the transport: it must dequeue. After its timeout it ends,
 *			unless its bucket moves or the bucket's timer is armed
 *			or ran lately: then it has a plan. One that was carried
 *			out and changed nothing counts for a while only.
 *   READY, in the NIC	never the transport. With a full completion ring it is
 *			the tenant that does not empty it, else the device. The
 *			queue says so (stall), nothing is ended.
 *
 * One delayed work item per transport, which holds no lock.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "exit.h"
#include "pool.h"
#include "timer.h"
#include "transport.h"
#include "watchdog.h"

#define WATCHDOG_MAX_MS		1000
#define WATCHDOG_MIN_MS		10
/* A queue that has something to do and does nothing for so long has stalled. */
#define WATCHDOG_QUEUE_MS	2000

/* Timeouts for which a timer that runs and takes nothing still counts as a plan. */
#define WATCHDOG_TRIES		20

static u32 age_ms(u32 since)
{
	return jiffies_to_msecs((u32)jiffies - READ_ONCE(since));
}

/* Is there reason to believe that the packets of a bucket will be dequeued? */
static bool has_plan(const struct etran_transport *tr, struct etran_bucket *b, u32 held_at)
{
	u32 limit = tr->ops->timeout_ms, moved = READ_ONCE(b->moved);
	u32 since = age_ms(moved) < age_ms(held_at) ? moved : held_at;

	if (!etran_timer_planned(tr, b->id, limit))
		return false;
	if (age_ms(since) <= WATCHDOG_TRIES * limit)
		return true;
	/* It has not had its turn, or nothing of a wheel is due. */
	return !etran_timer_ran_since(tr, b->id, since) ||
	       etran_frame_next(b) > ktime_get_ns();
}

static void check_held(struct etran_transport *tr, struct etran_pool *ep, u32 idx)
{
	struct etran_frame *f = &ep->fs.frame[idx];
	u32 limit = tr->ops->timeout_ms, waited;
	struct etran_bucket *b;

	rcu_read_lock_bh();
	b = READ_ONCE(f->bucket);
	waited = age_ms(f->held_at);
	if (!b || waited <= limit || age_ms(b->moved) <= limit ||
	    has_plan(tr, b, READ_ONCE(f->held_at)))
		goto out;
	/* Still the same packet? Whoever takes it leaves a mark first. */
	smp_rmb();
	if (etran_frame_get(&ep->fs, idx) == ETRAN_FRAME_HELD &&
	    age_ms(f->held_at) > limit && age_ms(b->moved) > limit)
		etran_exit(tr, ETRAN_EXIT_KIND_ERROR_STALL, -ETIMEDOUT,
			   "bucket %u: a packet of tenant %u has waited %u ms and nobody dequeues",
			   b->id, ep->tenant, waited);
out:
	rcu_read_unlock_bh();
}

static void check_stalled(struct etran_transport *tr, struct etran_pool *ep)
{
	u32 i;

	for (i = 0; i < ep->fs.nr && !READ_ONCE(tr->ending); i++) {
		if (etran_frame_get(&ep->fs, i) == ETRAN_FRAME_HELD)
			check_held(tr, ep, i);
		if (!(i % 1024))
			cond_resched();
	}
}

/* Completions without end are progress; so is having nothing to do. */
static void check_queue(struct etran_pool *ep)
{
	u64 moved = READ_ONCE(ep->cnt.completed) + READ_ONCE(ep->cnt.sent) +
		    READ_ONCE(ep->fs.cq.published);
	bool full = READ_ONCE(ep->fs.back.nr);
	bool busy = full || READ_ONCE(ep->fs.ready.nr) || READ_ONCE(ep->fs.nic.nr);

	if (moved != ep->watch_moved || !busy) {
		ep->watch_moved = moved;
		ep->watch_since = jiffies;
		WRITE_ONCE(ep->stall, ETRAN_QUEUE_STALL_NONE);
		return;
	}
	if (age_ms(ep->watch_since) < WATCHDOG_QUEUE_MS)
		return;
	WRITE_ONCE(ep->stall, full ? ETRAN_QUEUE_STALL_TENANT : ETRAN_QUEUE_STALL_DEVICE);
}

static u32 watchdog_period(const struct etran_transport *tr)
{
	u32 ms = tr->ops->timeout_ms;

	return ms ? clamp(ms / 2, WATCHDOG_MIN_MS, WATCHDOG_MAX_MS) : WATCHDOG_MAX_MS;
}

static void watchdog_work(struct work_struct *work)
{
	struct etran_transport *tr = container_of(to_delayed_work(work),
						  struct etran_transport, watchdog);
	struct etran_pool *ep = NULL;

	if (READ_ONCE(tr->ending))
		return;
	if (age_ms(tr->bad_since) >= MSEC_PER_SEC) {
		atomic_set(&tr->bad, 0);
		tr->bad_since = jiffies;
	}
	while ((ep = etran_pool_next(ep, tr))) {
		check_queue(ep);
		if (tr->ops->timeout_ms)
			check_stalled(tr, ep);
	}
	queue_delayed_work(system_dfl_wq, &tr->watchdog,
			   msecs_to_jiffies(watchdog_period(tr)));
}

/**
 * etran_watchdog_init - before the transport is attached
 * @tr: transport
 */
void etran_watchdog_init(struct etran_transport *tr)
{
	INIT_DELAYED_WORK(&tr->watchdog, watchdog_work);
}

/**
 * etran_watchdog_start - begin to look after a transport
 * @tr: transport, attached
 */
void etran_watchdog_start(struct etran_transport *tr)
{
	tr->bad_since = jiffies;
	queue_delayed_work(system_dfl_wq, &tr->watchdog,
			   msecs_to_jiffies(watchdog_period(tr)));
}

/**
 * etran_watchdog_stop - it does not look any more
 * @tr: transport
 */
void etran_watchdog_stop(struct etran_transport *tr)
{
	cancel_delayed_work_sync(&tr->watchdog);
}
