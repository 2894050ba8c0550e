/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wake-ups of drivers, gathered for a round, and the frames that a timer program
 * has a reference to.
 */
#ifndef _ETRAN_KICK_H
#define _ETRAN_KICK_H

#include "etran.h"

struct etran_frame;
struct etran_pool;
struct etran_transport;

void etran_kick_init(void);
void etran_pool_kick(struct etran_pool *ep);
void etran_pool_kick_sync(struct etran_pool *ep);
void etran_pool_kick_all(void);
void etran_pool_take(struct etran_frame *f);
void etran_pool_put_back(struct etran_frame *f);
void etran_pool_release(struct etran_frame *f, bool drop);
void etran_pool_purge(struct etran_frame *f);
void etran_pool_reclaim(struct etran_transport *tr);

#endif /* _ETRAN_KICK_H */
