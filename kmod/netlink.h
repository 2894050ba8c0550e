/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events for those who listen; the requests are in generated/netlink.h.
 */
#ifndef _ETRAN_NETLINK_H
#define _ETRAN_NETLINK_H

#include "etran.h"

struct etran_pool;
struct etran_transport;

int etran_netlink_init(void);
void etran_netlink_exit(void);
void etran_netlink_transport_exit(struct etran_transport *tr);
void etran_netlink_queue_gone(struct etran_pool *ep);

#endif /* _ETRAN_NETLINK_H */
