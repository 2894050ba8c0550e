/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_ROUTE_H
#define ETRAND_ROUTE_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>

/**
 * struct route - where packets to an address go
 * @local: it is an address of this host
 * @nexthop: gateway, or the destination itself
 * @prefsrc: source address the kernel would take, 0 unknown
 */
struct route {
	bool local;
	int ifindex;
	__be32 nexthop;
	__be32 prefsrc;
};

/* A neighbour was learned or has moved. */
typedef void (*neigh_fn)(int ifindex, __be32 addr, const uint8_t mac[6]);

int route_init(neigh_fn changed);
int route_lookup(__be32 daddr, struct route *r);
bool addr_exists(int ifindex, __be32 addr);
int neigh_lookup(int ifindex, __be32 addr, uint8_t mac[6]);
int neigh_probe(int ifindex, __be32 addr);

#endif
