/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of timing wheels share with their BPF transport (pace.bpf.h):
 * its orders and its observations, each the value of a map in the test
 * program's memory.
 */
#ifndef _KERNEL_PACE_H
#define _KERNEL_PACE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define PACE_FLOWS	1024
#define PACE_SCRIPT	1024
#define PACE_SLOTS	1024		/* of the wheel, unless tuned */
#define PACE_SLOT_NS	20000
#define PACE_INNERS	4
#define PACE_THREAD	PROBE_TIMERS	/* the one timer of its thread */

/* When egress says a packet shall leave, by its number. */
enum pace_plan {
	PLAN_SCRIPT,		/* pace.base + pace.when[seq]; 0: long ago */
	PLAN_RATE,		/* flow seq % pace.flows, pace.rate bytes/s each */
	PLAN_SOON,		/* pace.delay_ns from now */
	PLAN_INNER,		/* as SOON, in inner wheel seq % PACE_INNERS */
	PLAN_FRONT,		/* FIFO 0: odd ones to the front */
};

/* What the timer does with what it gets. */
enum pace_take {
	TAKE_DUE,		/* send what is due */
	TAKE_FIRST,		/* send what is there, due or not */
	TAKE_DRAIN,		/* drop all by bpf_etran_drain() */
	TAKE_AGAIN,		/* put back what is too early; send */
	TAKE_BACK,		/* put the first pace.backs to the front, once */
	TAKE_TAIL,		/* FIFO 0: put each behind the others once; send */
	TAKE_NOTHING,
};

struct pace_orders {
	__u32 plan;
	__u32 take;
	__u32 flows;
	__u32 budget;		/* packets per timer run, 0: all */
	__u64 rate;
	__u64 base;
	__u64 delay_ns;
	__u32 backs;
	__u32 warm;		/* packets of a flow before its first is timed */
	__u32 run;		/* of the packets that the far end counts */
	__u32 timer;		/* the one that egress names */
	__u64 when[PACE_SCRIPT];
};

struct pace_seen {
	__u64 held;
	__u64 early;		/* bpf_etran_hold_until() said 1 */
	__u64 refused;
	__s64 hold_errno;	/* last one */
	__u64 sent;
	__u64 too_early;	/* came before its time, and not for the horizon */
	__u64 late_ns;		/* the worst */
	__u64 runs;
	__u64 again;
	__u64 drained;
	__u64 peek_bad;		/* bpf_etran_peek() and dequeue do not agree */
	__u64 next_bad;		/* bpf_etran_next_due() is not what it must be */
	__u64 depth_bad;
	__u64 wrong_map;	/* a FIFO's kfunc took a wheel, or the reverse */
	__u32 order[PACE_SCRIPT];	/* numbers, as they came out */
};

/* At the far end, by flow. */
struct pace_flow {
	__u64 packets;
	__u64 first_ns;		/* of the one after pace.warm */
	__u64 last_ns;
	__u64 last_seq;
	__u64 ooo;
};

struct pace_far {
	__u64 packets;
	__u32 run;
	__u32 warm;
	struct pace_flow flow[PACE_FLOWS];
};

#endif /* _KERNEL_PACE_H */
