/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_TICK_H
#define ETRAND_TCP_TICK_H

#include <stdint.h>

#include "etrand/loop.h"

#define TICK_BUSY	(20 * NSEC_PER_MSEC)
#define TICK_IDLE	(100 * NSEC_PER_MSEC)

void tick_start(uint64_t (*fn)(void));
void tick_change(int by);
void tick_stop(void);

#endif
