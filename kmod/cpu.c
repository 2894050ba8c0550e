// SPDX-License-Identifier: GPL-2.0-only
/*
 * What transports do on a CPU in softirq: rounds of timers and generated frames.
 *
 * Each CPU has one runner for all transports. A transport that has something to
 * do on a CPU is in the list of its runner, once; the runner's tasklet gives each
 * a round, in the order in which they came. A round ends when nothing is due, after
 * a number of calls, and when the time of the whole run is over, which is as long
 * as the softirq core gives itself before it looks for tasks that wait. Then the
 * others of the list come first in the next run. One call of a program cannot be
 * interrupted: run.c sees to those that take too long.
 *
 * A CPU that goes offline leaves what waits on it to the one that takes it down:
 * cpu_dead() moves timers and requests there. Until then nobody touches them, also
 * when the core has moved their hrtimer; from then on nothing of the CPU is left, so
 * when it comes back it begins anew.
 *
 * runner->lock is the innermost of the raw leaf locks: etran_cpu_schedule() may be
 * called under etran_cpu->lock.
 */
#include <linux/cpuhotplug.h>
#include <linux/percpu.h>
#include <linux/rculist.h>

#include "cpu.h"
#include "gen.h"
#include "kick.h"
#include "timer.h"
#include "transport.h"

/**
 * struct cpu_runner - the softirq of one CPU
 * @lock: protects the lists, and who is in them
 * @pending: who waits for a round
 * @round: who gets one in this run
 * @running: who has it; off the lists then
 * @work: the tasklet, only ever scheduled on its own CPU
 */
struct cpu_runner {
	raw_spinlock_t lock;
	struct list_head pending;
	struct list_head round;
	struct etran_cpu *running;
	struct tasklet_struct work;
};

static DEFINE_PER_CPU(struct cpu_runner, cpu_runners);
static int cpu_hp_state;

/**
 * etran_cpu_round_end - when a run that begins now is over
 * Return: jiffies; a tick, so some of ETRAN_ROUND_MS, or of a tick, later.
 */
unsigned long etran_cpu_round_end(void)
{
	return jiffies + msecs_to_jiffies(ETRAN_ROUND_MS);
}

/**
 * etran_cpu_schedule - have a round soon
 * @c: CPU, which is this one, or that of the thread
 *
 * Any context; no etran_cpu but @c is locked.
 */
void etran_cpu_schedule(struct etran_cpu *c)
{
	struct cpu_runner *r;
	unsigned long flags;

	if (c->thread) {
		wake_up_process(c->thread);
		return;
	}
	r = per_cpu_ptr(&cpu_runners, c->cpu);
	raw_spin_lock_irqsave(&r->lock, flags);
	if (list_empty(&c->pending)) {
		list_add_tail(&c->pending, &r->pending);
		tasklet_schedule(&r->work);
	}
	raw_spin_unlock_irqrestore(&r->lock, flags);
}

/* Return: true when there is more to do at once. */
static bool cpu_round(struct etran_cpu *c, bool timers, unsigned long end)
{
	bool more = false;

	rcu_read_lock();
	if (!READ_ONCE(c->tr->ending)) {
		if (timers)
			more = etran_timer_run(c, end);
		/* Also when timers took all the time: a call at least. */
		if (etran_gen_pending(c))
			more |= etran_gen_run(c, end);
		etran_pool_kick_all();
		/* Who has only been flushed is still waiting for its round. */
		more |= !timers;
	}
	rcu_read_unlock();
	return more;
}

/* r->lock held with interrupts off, for everybody on r->round until @end. */
static void cpu_rounds(struct cpu_runner *r, bool timers, unsigned long end)
{
	struct etran_cpu *c;
	bool more;

	while (!list_empty(&r->round) && time_before(jiffies, end)) {
		c = list_first_entry(&r->round, struct etran_cpu, pending);
		list_del_init(&c->pending);
		r->running = c;
		raw_spin_unlock_irq(&r->lock);

		more = cpu_round(c, timers, end);

		raw_spin_lock_irq(&r->lock);
		r->running = NULL;
		if (more && list_empty(&c->pending))
			list_add_tail(&c->pending, &r->pending);
	}
	list_splice_init(&r->round, &r->pending);
}

static void cpu_run(struct tasklet_struct *t)
{
	struct cpu_runner *r = from_tasklet(r, t, work);

	raw_spin_lock_irq(&r->lock);
	list_splice_init(&r->pending, &r->round);
	cpu_rounds(r, true, etran_cpu_round_end());
	if (!list_empty(&r->pending))
		tasklet_schedule(&r->work);
	raw_spin_unlock_irq(&r->lock);
}

/**
 * etran_cpu_flush - end of a NAPI poll on this CPU (hook)
 *
 * Who has been asked for frames sends them now and not in the tasklet, which a
 * busy CPU runs a little later. Costs two loads when nobody has.
 */
void etran_cpu_flush(void)
{
	struct cpu_runner *r = this_cpu_ptr(&cpu_runners);
	struct etran_cpu *c, *tmp;

	/* netpoll polls with interrupts off: no place for programs. */
	if (likely(list_empty(&r->pending)) || irqs_disabled())
		return;
	raw_spin_lock_irq(&r->lock);
	list_for_each_entry_safe(c, tmp, &r->pending, pending)
		if (etran_gen_pending(c))
			list_move_tail(&c->pending, &r->round);
	cpu_rounds(r, false, etran_cpu_round_end());
	raw_spin_unlock_irq(&r->lock);
}

static void cpu_setup(struct etran_transport *tr, struct etran_cpu *c, u32 cpu)
{
	raw_spin_lock_init(&c->lock);
	c->tr = tr;
	c->cpu = cpu;
	INIT_LIST_HEAD(&c->pending);
	xa_init(&c->gen_stuck);
	etran_timer_init(c);
}

static int cpu_setup_global(struct etran_transport *tr)
{
	if (!tr->ops->nr_global)
		return 0;
	tr->global = kzalloc_obj(*tr->global, GFP_KERNEL_ACCOUNT);
	if (!tr->global)
		return -ENOMEM;
	cpu_setup(tr, tr->global, nr_cpu_ids);
	return etran_timer_start(tr->global);
}

/**
 * etran_cpu_alloc - a transport gets its CPUs, and its thread
 * @tr: transport, not attached yet
 * Return: 0 or errno; then etran_cpu_free() all the same.
 */
int etran_cpu_alloc(struct etran_transport *tr)
{
	int cpu, err;

	tr->cpu = alloc_percpu_gfp(struct etran_cpu, GFP_KERNEL_ACCOUNT);
	if (!tr->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		cpu_setup(tr, per_cpu_ptr(tr->cpu, cpu), cpu);
	for_each_possible_cpu(cpu) {
		err = tr->ops->gen ? etran_gen_init(per_cpu_ptr(tr->cpu, cpu)) : 0;
		if (err)
			return err;
	}
	return cpu_setup_global(tr);
}

static void cpu_unschedule(struct etran_cpu *c)
{
	struct cpu_runner *r = per_cpu_ptr(&cpu_runners, c->cpu);
	bool running;

	for (;;) {
		raw_spin_lock_irq(&r->lock);
		list_del_init(&c->pending);
		running = r->running == c;
		raw_spin_unlock_irq(&r->lock);
		if (!running)
			return;
		fsleep(100);
	}
}

/**
 * etran_cpu_stop - no round follows
 * @tr: transport that is about to end, a grace period later
 */
void etran_cpu_stop(struct etran_transport *tr)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct etran_cpu *c = per_cpu_ptr(tr->cpu, cpu);

		etran_timer_cancel(c);
		cpu_unschedule(c);
		etran_gen_drop(c);
	}
	if (tr->global)
		etran_timer_cancel(tr->global);
}

/**
 * etran_cpu_free - undo etran_cpu_alloc(), also when it failed
 * @tr: transport that has ended, or was never attached
 */
void etran_cpu_free(struct etran_transport *tr)
{
	int cpu;

	if (tr->global)
		etran_timer_cancel(tr->global);
	kfree(tr->global);
	if (!tr->cpu)
		return;
	for_each_possible_cpu(cpu)
		etran_gen_free(per_cpu_ptr(tr->cpu, cpu));
	free_percpu(tr->cpu);
}

/* A CPU is offline and does nothing any more; on the one that took it down. */
static int cpu_dead(unsigned int cpu)
{
	struct etran_transport *tr;

	/* Who ends waits for a grace period before it stops its CPUs. */
	rcu_read_lock();
	list_for_each_entry_rcu(tr, &etran_transports, list) {
		struct etran_cpu *c = per_cpu_ptr(tr->cpu, cpu);

		etran_timer_move(c);
		etran_gen_move(c);
		cpu_unschedule(c);
	}
	rcu_read_unlock();
	return 0;
}

/* The core moved its tasklet, which found nothing to do: be sure that it has run. */
static int cpu_prepare(unsigned int cpu)
{
	tasklet_kill(&per_cpu_ptr(&cpu_runners, cpu)->work);
	return 0;
}

/**
 * etran_cpu_start - prepare the runners, watch CPUs
 * Return: 0 or errno.
 */
int etran_cpu_start(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cpu_runner *r = per_cpu_ptr(&cpu_runners, cpu);

		raw_spin_lock_init(&r->lock);
		INIT_LIST_HEAD(&r->pending);
		INIT_LIST_HEAD(&r->round);
		tasklet_setup(&r->work, cpu_run);
	}
	cpu_hp_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "net/etran:dead",
						 cpu_prepare, cpu_dead);
	return min(cpu_hp_state, 0);
}

/**
 * etran_cpu_end - nobody is left who could schedule a runner
 */
void etran_cpu_end(void)
{
	int cpu;

	cpuhp_remove_state_nocalls(cpu_hp_state);
	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&cpu_runners, cpu)->work);
}
