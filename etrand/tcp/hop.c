// SPDX-License-Identifier: GPL-2.0-only
/*
 * Next hops of connections: the Ethernet header that each one sends with.
 */
#include <string.h>

#include "conn.h"
#include "etrand/log.h"
#include "etrand/nic.h"
#include "etrand/route.h"
#include "handshake.h"
#include "hop.h"
#include "tcpsys.h"

/* Without a route it is taken for a neighbour. */
static void find_hop(struct conn *c)
{
	struct route r;

	c->nexthop = c->tuple.daddr;
	if (!route_lookup(c->tuple.daddr, &r) && !r.local)
		c->nexthop = r.nexthop;
}

/*
 * No SYN tells the next hop, so the kernel is asked, but only now that it matters.
 * Connections of one peer are often neighbours in the table: @last is the one
 * that was asked for before.
 */
static __be32 hop_of(struct conn *c, struct conn **last)
{
	struct conn *l = *last;

	if (c->nexthop)
		return c->nexthop;
	if (l && l->tuple.daddr == c->tuple.daddr)
		c->nexthop = l->nexthop;
	else
		find_hop(c);
	*last = c;
	return c->nexthop;
}

/** hop_changed - a next hop is known now, or is somewhere else */
void hop_changed(int ifindex, __be32 addr, const uint8_t mac[6])
{
	struct tcp_sys_neigh arg = { .ifindex = ifindex };
	struct conn *c, *asked = NULL;
	__be32 done = 0;
	uint32_t i;

	if (!conn_count())
		return;
	memcpy(arg.dmac, mac, 6);
	for (i = 0; i < ETRAN_MAX_CONNS; i++) {
		c = conn_at(i);
		if (!c || !c->nic || c->nic->ifindex != ifindex)
			continue;
		if (c->state == CONN_RESOLVE) {
			if (c->nexthop == addr)
				handshake_resolved(c, mac);
			continue;
		}
		if (!memcmp(c->eth, mac, 6) || hop_of(c, &asked) != addr)
			continue;
		memcpy(c->eth, mac, 6);
		/* One call serves all connections to a destination. */
		if (done == c->tuple.daddr)
			continue;
		done = arg.daddr = c->tuple.daddr;
		if (tcpsys_run(PROG_NEIGH, &arg, sizeof(arg)) < 0)
			log_debug("tcp_neigh failed");
	}
}

/** hop_adopt - the next hop may have moved while there was no etrand */
void hop_adopt(struct conn *c)
{
	uint8_t mac[6];

	find_hop(c);
	if (c->nic && !neigh_lookup(c->nic->ifindex, c->nexthop, mac) &&
	    memcmp(c->eth, mac, 6))
		hop_changed(c->nic->ifindex, c->nexthop, mac);
}
