// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the transport's time-outs are looked at.
 *
 * While one is running that is every 20 ms at most, else ten times a second for
 * as long as there are connections, TIME_WAIT aside: a transmission that starts
 * a time-out tells nobody. Without any the timer is off.
 */
#include "etrand/loop.h"
#include "etrand/transport.h"
#include "tick.h"

static void tick(struct timer *t);

static struct timer timer = { .fn = tick };
static unsigned int ticking;
static uint64_t (*look)(void);

static void tick(struct timer *t)
{
	uint64_t delay;

	if (!transport.live)
		return;
	delay = look();
	if (ticking)
		timer_arm(t, delay);
}

/**
 * tick_start - from now on somebody is there to look
 * @fn: looks at all time-outs; returns ns until the next look
 */
void tick_start(uint64_t (*fn)(void))
{
	look = fn;
}

/** tick_change - @by more (or fewer) connections that need ticks */
void tick_change(int by)
{
	ticking += by;
	if (ticking && !timer.due)
		timer_arm(&timer, TICK_BUSY);
	else if (!ticking)
		timer_stop(&timer);
}

/** tick_stop - nobody looks any more */
void tick_stop(void)
{
	timer_stop(&timer);
}
