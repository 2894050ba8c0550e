// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers of a transport, at once or after some nanoseconds.
 *
 * A timer belongs to one struct etran_cpu, whose lock protects it. In SOFTIRQ
 * mode that is a CPU's, timer->cpu: arming it elsewhere moves it, unless it
 * runs or is due already. One lock at a time: look up the CPU, lock, look
 * again. In KTHREAD mode it is the one of the transport's thread, for ever.
 *
 *   IDLE -> READY -> running -> IDLE	due at once
 *   IDLE -> WAITING -> READY		later
 *
 * No wake-up is lost: a timer becomes IDLE before its program is called, and
 * arming it while it runs is remembered (again) and done when it returns. It
 * never runs twice at the same time: it moves only while not running.
 *
 * A round moves and runs a bounded number, for a bounded time (cpu.c), in order of
 * becoming READY, so a timer that arms itself at once starves neither others nor
 * the CPU: other transports' rounds come in between.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "exit.h"
#include "kick.h"
#include "run.h"
#include "timer.h"
#include "trace.h"

enum {
	TIMER_IDLE,
	TIMER_READY,
	TIMER_WAITING,
};

/* Timers run in one round; more wait for the next. */
#define ETRAN_TIMER_BATCH	64
/* What the thread leaves to others whenever it had the CPU for ETRAN_ROUND_MS. */
#define TIMER_REST_US		500

/* It may go off for less, say a timer that was cancelled: the round looks. */
static void timer_set_clock(struct etran_cpu *c, u64 when)
{
	if (!hrtimer_is_queued(&c->hrtimer) || hrtimer_get_expires(&c->hrtimer) > when)
		hrtimer_start(&c->hrtimer, when, c->thread ? HRTIMER_MODE_ABS_SOFT :
						 HRTIMER_MODE_ABS_PINNED_SOFT);
}

static void timer_queue(struct etran_cpu *c, struct etran_timer *t, u64 due)
{
	if (!due) {
		t->state = TIMER_READY;
		list_add_tail(&t->node, &c->ready);
		etran_cpu_schedule(c);
		return;
	}
	t->state = TIMER_WAITING;
	timerqueue_init(&t->tq);
	t->tq.expires = due;
	if (timerqueue_add(&c->waiting, &t->tq))
		timer_set_clock(c, due);
}

static void timer_unqueue(struct etran_cpu *c, struct etran_timer *t)
{
	if (t->state == TIMER_WAITING)
		timerqueue_del(&c->waiting, &t->tq);
	else if (t->state == TIMER_READY)
		list_del(&t->node);
	t->state = TIMER_IDLE;
}

/* Interrupts are off. */
static struct etran_cpu *timer_lock(struct etran_transport *tr, struct etran_timer *t)
{
	struct etran_cpu *c = tr->global;

	if (t - tr->timer >= tr->ops->nr_timers) {
		raw_spin_lock(&c->lock);
		return c;
	}
	for (;;) {
		c = per_cpu_ptr(tr->cpu, READ_ONCE(t->cpu));
		raw_spin_lock(&c->lock);
		if (t->cpu == c->cpu)
			return c;
		raw_spin_unlock(&c->lock);
	}
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

	if (id >= etran_timer_nr(tr))
		return -EINVAL;

	t = &tr->timer[id];
	local_irq_save(flags);
	me = this_cpu_ptr(tr->cpu);
	for (;;) {
		c = timer_lock(tr, t);
		if (t->running) {
			t->due = t->again ? min(t->due, due) : due;
			t->again = true;
			break;
		}
		if (t->state == TIMER_READY ||
		    (t->state == TIMER_WAITING && t->tq.expires <= due))
			break;
		timer_unqueue(c, t);
		if (c == me || c->thread) {
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

/**
 * etran_timer_disarm - do not run a timer
 * @tr: transport, alive
 * @id: timer
 *
 * A run that has begun goes on; one that it or others asked for meanwhile does
 * not follow. Any context but hard interrupt; under RCU.
 *
 * Return: 1 was armed, 0 was not, -EINVAL no such timer.
 */
int etran_timer_disarm(struct etran_transport *tr, u32 id)
{
	struct etran_timer *t;
	struct etran_cpu *c;
	unsigned long flags;
	bool armed;

	if (id >= etran_timer_nr(tr))
		return -EINVAL;

	t = &tr->timer[id];
	local_irq_save(flags);
	c = timer_lock(tr, t);
	armed = t->state != TIMER_IDLE || t->again;
	timer_unqueue(c, t);
	t->again = false;
	raw_spin_unlock(&c->lock);
	local_irq_restore(flags);
	return armed;
}

/* The round itself finds what is due. */
static enum hrtimer_restart timer_expired(struct hrtimer *hrtimer)
{
	struct etran_cpu *c = container_of(hrtimer, struct etran_cpu, hrtimer);

	/* Its CPU went offline, and etran_timer_move() has yet to come. */
	if (!c->thread && c->cpu != smp_processor_id())
		return HRTIMER_NORESTART;
	etran_cpu_schedule(c);
	return HRTIMER_NORESTART;
}

static void timer_move_due(struct etran_cpu *c)
{
	struct timerqueue_node *node;
	u64 now = ktime_get_ns();
	u32 n = 0;

	while (n++ < ETRAN_TIMER_BATCH && (node = timerqueue_getnext(&c->waiting)) &&
	       node->expires <= now) {
		struct etran_timer *t = container_of(node, struct etran_timer, tq);

		timerqueue_del(&c->waiting, node);
		t->state = TIMER_READY;
		list_add_tail(&t->node, &c->ready);
	}
}

/**
 * etran_timer_wake_by - have a round on this CPU, whether a timer is due or not
 * @c: CPU; BH disabled, under RCU
 * @when: at the latest, as ktime_get_ns()
 */
void etran_timer_wake_by(struct etran_cpu *c, u64 when)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	timer_set_clock(c, when);
	raw_spin_unlock_irqrestore(&c->lock, flags);
}

/* What comes next: true when it is due already, else the clock is set. */
static bool timer_next(struct etran_cpu *c)
{
	struct timerqueue_node *node = timerqueue_getnext(&c->waiting);

	if (!list_empty(&c->ready))
		return true;
	if (!node)
		return false;
	if (node->expires <= ktime_get_ns())
		return true;
	timer_set_clock(c, node->expires);
	return false;
}

/**
 * etran_timer_run - one round
 * @c: CPU, in its softirq, or that of the thread; BH disabled, under RCU
 * @end: jiffies: when to stop; one timer runs all the same
 * Return: true when there is more.
 */
bool etran_timer_run(struct etran_cpu *c, unsigned long end)
{
	struct etran_transport *tr = c->tr;
	struct etran_timer *t;
	struct etran_run run;
	bool more;
	u32 n = 0;

	etran_run_begin(&run);
	raw_spin_lock_irq(&c->lock);
	timer_move_due(c);
	while (n++ < ETRAN_TIMER_BATCH && !READ_ONCE(tr->ending)) {
		t = list_first_entry_or_null(&c->ready, struct etran_timer, node);
		if (!t)
			break;
		timer_unqueue(c, t);
		t->running = true;
		t->ever_ran = true;
		c->timer_runs++;
		raw_spin_unlock_irq(&c->lock);

		WRITE_ONCE(t->ran, jiffies);
		trace_etran_timer(tr, t - tr->timer);
		tr->ops->timer(t - tr->timer);
		etran_pool_reclaim(tr);

		raw_spin_lock_irq(&c->lock);
		t->running = false;
		if (t->again) {
			t->again = false;
			timer_queue(c, t, t->due);
		}
		if (time_after_eq(jiffies, end))
			break;
	}
	more = timer_next(c);
	raw_spin_unlock_irq(&c->lock);
	etran_run_end(tr, &run, "timer");
	return more;
}

static bool timer_thread_due(struct etran_cpu *c)
{
	bool due;

	raw_spin_lock_irq(&c->lock);
	due = !READ_ONCE(c->tr->ending) && timer_next(c);
	raw_spin_unlock_irq(&c->lock);
	return due;
}

static int timer_thread(void *arg)
{
	unsigned long rested = jiffies;
	struct etran_cpu *c = arg;

	while (!kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		if (!timer_thread_due(c)) {
			schedule();
			rested = jiffies;
			continue;
		}
		__set_current_state(TASK_RUNNING);
		local_bh_disable();
		rcu_read_lock();
		etran_timer_run(c, etran_cpu_round_end());
		etran_pool_kick_all();
		rcu_read_unlock();
		local_bh_enable();
		if (time_before(jiffies, rested + msecs_to_jiffies(ETRAN_ROUND_MS))) {
			cond_resched();
			continue;
		}
		usleep_range(TIMER_REST_US, 2 * TIMER_REST_US);
		rested = jiffies;
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static struct etran_timer *timer_any(struct etran_cpu *c)
{
	struct timerqueue_node *node = timerqueue_getnext(&c->waiting);

	if (!list_empty(&c->ready))
		return list_first_entry(&c->ready, struct etran_timer, node);
	return node ? container_of(node, struct etran_timer, tq) : NULL;
}

/**
 * etran_timer_move - take the timers of a CPU that is offline to this one
 * @from: CPU
 *
 * One at a time, under both locks, so that arming and cancelling see it here or
 * there. Nobody else takes two of them. Process context, under RCU.
 */
void etran_timer_move(struct etran_cpu *from)
{
	struct etran_timer *t;
	struct etran_cpu *to;

	hrtimer_cancel(&from->hrtimer);
	do {
		local_irq_disable();
		to = this_cpu_ptr(from->tr->cpu);
		raw_spin_lock(&from->lock);
		raw_spin_lock_nested(&to->lock, SINGLE_DEPTH_NESTING);
		t = timer_any(from);
		if (t) {
			u64 due = t->state == TIMER_WAITING ? t->tq.expires : 0;

			timer_unqueue(from, t);
			WRITE_ONCE(t->cpu, to->cpu);
			timer_queue(to, t, due);
		}
		raw_spin_unlock(&to->lock);
		raw_spin_unlock(&from->lock);
		local_irq_enable();
	} while (t);
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

	return id < etran_timer_nr(tr) &&
		(READ_ONCE(t->state) != TIMER_IDLE || READ_ONCE(t->running) ||
		 (READ_ONCE(t->ever_ran) &&
		  jiffies_to_msecs((u32)jiffies - READ_ONCE(t->ran)) <= ms));
}

/**
 * etran_timer_ran_since - has a timer run?
 * @tr: transport
 * @id: timer
 * @since: jiffies, cut to 32 bits
 * Return: true if it began to run after that tick.
 */
bool etran_timer_ran_since(const struct etran_transport *tr, u32 id, u32 since)
{
	const struct etran_timer *t = &tr->timer[id];

	return READ_ONCE(t->ever_ran) && (s32)(READ_ONCE(t->ran) - since) > 0;
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
		      HRTIMER_MODE_ABS_SOFT);
}

/**
 * etran_timer_start - start the thread
 * @c: that of global timers
 * Return: 0 or errno.
 */
int etran_timer_start(struct etran_cpu *c)
{
	struct task_struct *thread;

	thread = kthread_create(timer_thread, c, "etran/%s", c->tr->name);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	/*
	 * What it sends on time is late when an ordinary task may run first. It
	 * cannot take a CPU away: see where it rests.
	 */
	sched_set_fifo_low(thread);
	c->thread = get_task_struct(thread);
	wake_up_process(thread);
	return 0;
}

/**
 * etran_timer_cancel - no timer runs any more
 * @c: CPU of a dead transport, a grace period later, or of one that was never
 *	attached
 */
void etran_timer_cancel(struct etran_cpu *c)
{
	/* The thread sets the clock, and the clock wakes the thread. */
	if (c->thread)
		kthread_stop(c->thread);
	hrtimer_cancel(&c->hrtimer);
	if (c->thread) {
		put_task_struct(c->thread);
		c->thread = NULL;
	}
}
