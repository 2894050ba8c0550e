// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers of a transport: SOFTIRQ mode, at once or after some nanoseconds.
 *
 * A timer belongs to one CPU, timer->cpu, whose etran_cpu->lock protects it.
 * Arming it elsewhere moves it, unless it runs or is due already. One lock at
 * a time: look up the CPU, lock, look again.
 *
 *   IDLE -> READY -> running -> IDLE	due at once
 *   IDLE -> WAITING -> READY		later
 *
 * No wake-up is lost: a timer becomes IDLE before its program is called, and
 * arming it while it runs is remembered (again) and done when it returns. It
 * never runs on two CPUs: it moves only while not running.
 */
#include <linux/ktime.h>

#include "etran.h"

enum {
	TIMER_IDLE,
	TIMER_READY,
	TIMER_WAITING,
};

/* Timers run in one round; more wait for the next softirq. */
#define ETRAN_TIMER_BATCH	64

static void timer_queue(struct etran_cpu *c, struct etran_timer *t, u64 due)
{
	if (!due) {
		t->state = TIMER_READY;
		list_add_tail(&t->node, &c->ready);
		tasklet_schedule(&c->work);
		return;
	}
	t->state = TIMER_WAITING;
	timerqueue_init(&t->tq);
	t->tq.expires = due;
	if (timerqueue_add(&c->waiting, &t->tq))
		hrtimer_start(&c->hrtimer, due, HRTIMER_MODE_ABS_PINNED_SOFT);
}

/**
 * etran_timer_arm - run a timer soon
 * @tr: transport, alive
 * @id: timer
 * @delay: nanoseconds, 0 at once
 *
 * Any context but hard interrupt; under RCU.
 *
 * Return: 0, -EINVAL no such timer.
 */
int etran_timer_arm(struct etran_transport *tr, u32 id, u64 delay)
{
	u64 due = delay ? ktime_get_ns() + min_t(u64, delay, KTIME_MAX / 2) : 0;
	struct etran_cpu *me, *c;
	struct etran_timer *t;
	unsigned long flags;

	if (id >= tr->ops->nr_timers)
		return -EINVAL;

	t = &tr->timer[id];
	local_irq_save(flags);
	me = this_cpu_ptr(tr->cpu);
	for (;;) {
		c = per_cpu_ptr(tr->cpu, READ_ONCE(t->cpu));
		raw_spin_lock(&c->lock);
		if (t->cpu != c->cpu) {
			raw_spin_unlock(&c->lock);
			continue;
		}
		if (t->running) {
			t->due = t->again ? min(t->due, due) : due;
			t->again = true;
			break;
		}
		if (t->state == TIMER_READY ||
		    (t->state == TIMER_WAITING && t->tq.expires <= due))
			break;
		if (t->state == TIMER_WAITING) {
			timerqueue_del(&c->waiting, &t->tq);
			t->state = TIMER_IDLE;
		}
		if (c == me) {
			timer_queue(c, t, due);
			break;
		}
		WRITE_ONCE(t->cpu, me->cpu);
		raw_spin_unlock(&c->lock);
	}
	raw_spin_unlock(&c->lock);
	local_irq_restore(flags);
	return 0;
}

static enum hrtimer_restart timer_expired(struct hrtimer *hrtimer)
{
	struct etran_cpu *c = container_of(hrtimer, struct etran_cpu, hrtimer);
	enum hrtimer_restart restart = HRTIMER_NORESTART;
	struct timerqueue_node *node;
	u64 now = ktime_get_ns();
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	while ((node = timerqueue_getnext(&c->waiting))) {
		struct etran_timer *t = container_of(node, struct etran_timer, tq);

		if (node->expires > now) {
			hrtimer_set_expires(hrtimer, node->expires);
			restart = HRTIMER_RESTART;
			break;
		}
		timerqueue_del(&c->waiting, node);
		timer_queue(c, t, 0);
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return restart;
}

/**
 * etran_timer_run - run what is due on this CPU
 * @c: CPU; in its softirq, under RCU
 * Return: true when there is more.
 */
bool etran_timer_run(struct etran_cpu *c)
{
	struct etran_transport *tr = c->tr;
	struct etran_timer *t;
	unsigned long start;
	bool more;
	u32 n = 0;

	raw_spin_lock_irq(&c->lock);
	while (n++ < ETRAN_TIMER_BATCH && !READ_ONCE(tr->ending)) {
		t = list_first_entry_or_null(&c->ready, struct etran_timer, node);
		if (!t)
			break;
		list_del(&t->node);
		t->state = TIMER_IDLE;
		t->running = true;
		c->timer_runs++;
		raw_spin_unlock_irq(&c->lock);

		start = jiffies;
		WRITE_ONCE(t->ran, start);
		tr->ops->timer(t - tr->timer);
		etran_pool_reclaim(tr);
		etran_exit_slow(tr, start, "timer");

		raw_spin_lock_irq(&c->lock);
		t->running = false;
		if (t->again) {
			t->again = false;
			timer_queue(c, t, t->due);
		}
	}
	more = !list_empty(&c->ready);
	raw_spin_unlock_irq(&c->lock);
	return more;
}

/**
 * etran_timer_planned - is a timer armed, or has it run lately?
 * @tr: transport
 * @id: timer, of which there may be none
 * @ms: how long ago at most
 * Return: true if so; what it says may have changed already.
 */
bool etran_timer_planned(const struct etran_transport *tr, u32 id, u32 ms)
{
	const struct etran_timer *t = &tr->timer[id];

	return id < tr->ops->nr_timers &&
		(READ_ONCE(t->state) != TIMER_IDLE || READ_ONCE(t->running) ||
		 jiffies_to_msecs((u32)jiffies - READ_ONCE(t->ran)) <= ms);
}

/**
 * etran_timer_init - no timer is armed
 * @c: CPU
 */
void etran_timer_init(struct etran_cpu *c)
{
	INIT_LIST_HEAD(&c->ready);
	timerqueue_init_head(&c->waiting);
	hrtimer_setup(&c->hrtimer, timer_expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_PINNED_SOFT);
}

/**
 * etran_timer_cancel - no timer runs any more
 * @c: CPU of a dead transport, a grace period later
 */
void etran_timer_cancel(struct etran_cpu *c)
{
	hrtimer_cancel(&c->hrtimer);
}
