/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a NIC knows of a packet or can do for it: times, the transmit checksum.
 */
#ifndef _ETRAN_META_H
#define _ETRAN_META_H

#include "etran.h"

struct etran_frame;
struct etran_pool;

int etran_meta_rx_time(const struct xdp_buff *xdp, u64 *ns);
int etran_meta_tx_time(const struct etran_pool *ep, u64 *ns);
int etran_meta_csum(struct etran_frame *f, u8 *data, u32 len, u32 start, u32 offset);

#endif /* _ETRAN_META_H */
