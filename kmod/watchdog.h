/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks after transports that do not end by themselves.
 */
#ifndef _ETRAN_WATCHDOG_H
#define _ETRAN_WATCHDOG_H

#include "etran.h"

struct etran_transport;

void etran_watchdog_init(struct etran_transport *tr);
void etran_watchdog_start(struct etran_transport *tr);
void etran_watchdog_stop(struct etran_transport *tr);

#endif /* _ETRAN_WATCHDOG_H */
