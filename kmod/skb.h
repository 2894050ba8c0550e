/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The transmit and completion path of copy mode.
 */
#ifndef _ETRAN_SKB_H
#define _ETRAN_SKB_H

#include "etran.h"

struct etran_pool;
struct sk_buff;

void etran_skb_tx(struct xsk_buff_pool *xp, struct sk_buff *skb, u64 addr);
void etran_skb_completed(struct xsk_buff_pool *xp, struct sk_buff *skb, u64 addr);
void etran_skb_flush(struct etran_pool *ep);
void etran_skb_init(struct etran_pool *ep);

#endif /* _ETRAN_SKB_H */
