/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The transmit and completion path of zero copy, and the call of egress.
 */
#ifndef _ETRAN_TX_H
#define _ETRAN_TX_H

#include "etran.h"
#include "ops.h"

struct etran_frame;
struct etran_pool;
struct etran_transport;

/**
 * struct etran_tx - the packet that egress is looking at
 * @pkt: what BPF sees; must be first
 * @ep: pool
 * @tr: transport
 * @frame: its frame
 * @data: bytes
 * @held: in a bucket, PENDING
 */
struct etran_tx {
	struct etran_pkt pkt;
	struct etran_pool *ep;
	struct etran_transport *tr;
	struct etran_frame *frame;
	u8 *data;
	bool held;
};

u32 etran_tx(struct xsk_buff_pool *xp, struct xdp_desc *descs, u32 max);
bool etran_tx_completed(struct xsk_buff_pool *xp, u32 nb);
bool etran_tx_cancelled(struct xsk_buff_pool *xp, u32 nb);
void etran_tx_completed_hw(struct xsk_buff_pool *xp, u64 ns);
void etran_tx_drain(struct etran_pool *ep);
void etran_tx_egress_held(struct etran_tx *tx);
int etran_tx_verdict(struct etran_tx *tx);

#endif /* _ETRAN_TX_H */
