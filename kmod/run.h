/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long programs run. One call cannot be interrupted, so what takes too long is
 * noticed when it is over, and ends the transport when it happens again (run.c).
 *
 * A run is a batch of egress, or a round of timers or of gen: it is measured as a
 * whole, by a few loads, and not packet by packet.
 */
#ifndef _ETRAN_RUN_H
#define _ETRAN_RUN_H

#include <linux/jiffies.h>
#include <linux/kernel_stat.h>

struct etran_transport;

/* Runs that took no longer are nobody's business. */
#define ETRAN_RUN_LONG		(HZ / 10)

/**
 * struct etran_run - a run that has begun
 * @began: jiffies
 * @clock: what the tick had accounted to programs on this CPU, in nanoseconds
 */
struct etran_run {
	unsigned long began;
	u64 clock;
};

void etran_run_long(struct etran_transport *tr, const struct etran_run *run,
		    const char *what);

/*
 * The tick accounts its length to what it finds running on its CPU. So this is time
 * that the CPU really had: it stands still while a virtual machine is paused or its
 * CPU is not running, and while interrupts are off, as they are for who waits for a
 * bpf_spin_lock.
 */
static inline u64 etran_run_clock(void)
{
	const u64 *stat = kcpustat_this_cpu->cpustat;

	return stat[CPUTIME_SYSTEM] + stat[CPUTIME_SOFTIRQ];
}

/* On this CPU, BH disabled until etran_run_end(). */
static inline void etran_run_begin(struct etran_run *run)
{
	run->began = jiffies;
	run->clock = etran_run_clock();
}

/* @tr: transport, under RCU. */
static inline void etran_run_end(struct etran_transport *tr, const struct etran_run *run,
				 const char *what)
{
	if (unlikely(time_after_eq(jiffies, run->began + ETRAN_RUN_LONG)))
		etran_run_long(tr, run, what);
}

#endif /* _ETRAN_RUN_H */
