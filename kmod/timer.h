/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers of a transport, at once or after some nanoseconds.
 */
#ifndef _ETRAN_TIMER_H
#define _ETRAN_TIMER_H

#include "cpu.h"
#include "transport.h"

/**
 * struct etran_timer - one timer of a transport, see timer.c
 */
struct etran_timer {
	union {
		struct list_head node;
		struct timerqueue_node tq;
	};
	u64 due;
	u32 ran;
	u16 cpu;
	u8 state;
	bool running;
	bool again;
	bool ever_ran;
};

static inline u32 etran_timer_nr(const struct etran_transport *tr)
{
	return tr->ops->nr_timers + tr->ops->nr_global;
}

void etran_timer_init(struct etran_cpu *c);
int etran_timer_arm(struct etran_transport *tr, u32 id, u64 delay);
int etran_timer_disarm(struct etran_transport *tr, u32 id);
int etran_timer_start(struct etran_cpu *c);
bool etran_timer_planned(const struct etran_transport *tr, u32 id, u32 ms);
bool etran_timer_ran_since(const struct etran_transport *tr, u32 id, u32 since);
bool etran_timer_run(struct etran_cpu *c, unsigned long end);
void etran_timer_wake_by(struct etran_cpu *c, u64 when);
void etran_timer_move(struct etran_cpu *from);
void etran_timer_cancel(struct etran_cpu *c);

#endif /* _ETRAN_TIMER_H */
