/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_EVENT_H
#define ETRAND_TCP_EVENT_H

int event_start(void);
void event_stop(void);

#endif
