// SPDX-License-Identifier: GPL-2.0-only
/*
 * The account of what a transport's programs took too long.
 *
 * A run is charged when it had the CPU for 100 ms or more (run.h says what that
 * means). A transport ends when runs of ten seconds were charged more than a second
 * together, and there were two at least: one may be an accident.
 *
 * Two things can keep the tick from counting: the machine stood still, or a program
 * loops under a bpf_spin_lock, or waits for one. Nobody can tell them apart, so a
 * run of a second or more by the clock on the wall is charged 100 ms, whatever it
 * had. It takes eleven of those within ten seconds, one after the other: that many
 * pauses there are not, but a program that does it again and again ends.
 *
 * Runs that overlap count once. Whatever stopped the machine stopped all its CPUs,
 * each perhaps in a program of the same transport.
 */
#include "exit.h"
#include "run.h"
#include "transport.h"

/* Runs are added up for so long, */
#define RUN_WINDOW		(10 * HZ)
/* and so much ends the transport, in nanoseconds. */
#define RUN_LIMIT		NSEC_PER_SEC
/* What a run costs of which nobody knows whether it had the CPU. */
#define RUN_UNKNOWN		(NSEC_PER_SEC / 10)

static u64 run_cost(const struct etran_run *run, unsigned long now)
{
	u64 had = etran_run_clock() - run->clock;

	if (had >= jiffies_to_nsecs(ETRAN_RUN_LONG))
		return had;
	return time_after_eq(now, run->began + HZ) ? RUN_UNKNOWN : 0;
}

/**
 * etran_run_long - a run was long, by the clock on the wall
 * @tr: transport, under RCU
 * @run: the run, on this CPU
 * @what: program
 *
 * BH disabled; takes one raw leaf lock.
 */
void etran_run_long(struct etran_transport *tr, const struct etran_run *run,
		    const char *what)
{
	struct etran_overruns *o = &tr->overruns;
	unsigned long now = jiffies, flags;
	u64 cost = run_cost(run, now), sum;
	u32 nr;

	if (!cost)
		return;
	raw_spin_lock_irqsave(&o->lock, flags);
	if (o->nr && time_before(run->began, o->last)) {
		raw_spin_unlock_irqrestore(&o->lock, flags);
		return;
	}
	if (!o->nr || time_after(run->began, o->since + RUN_WINDOW)) {
		o->since = run->began;
		o->nr = 0;
		o->cost = 0;
	}
	nr = ++o->nr;
	o->cost += cost;
	sum = o->cost;
	o->last = now;
	raw_spin_unlock_irqrestore(&o->lock, flags);

	if (nr > 1 && sum > RUN_LIMIT)
		etran_exit(tr, ETRAN_EXIT_KIND_ERROR_OVERRUN, -ETIME,
			   "%s ran for %llu ms; with what went before %llu ms in %u runs",
			   what, div_u64(cost, NSEC_PER_MSEC),
			   div_u64(sum, NSEC_PER_MSEC), nr);
}
