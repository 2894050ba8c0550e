/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TICK_H
#define ETRAND_TICK_H

void tick_change(int by);
int event_start(void);
void event_stop(void);

#endif
