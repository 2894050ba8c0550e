// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes, neighbours and addresses, as the kernel sees them, by libnl.
 *
 * Routes are asked for one by one. Neighbours and addresses come from caches
 * that the kernel's notifications keep fresh; whoever needs a neighbour that is
 * not there asks the kernel to resolve it and gets a call back.
 */
#include <errno.h>
#include <linux/posix_types.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "loop.h"
#include "netlink.h"
#include "route.h"

static struct nl_sock *sock;
static struct nl routes;
static struct nl_cache_mngr *manager;
static struct nl_cache *neighs, *addrs;
static struct watch watch = { .fd = -1 };
static neigh_fn notify;

static bool usable(struct rtnl_neigh *n)
{
	int state = rtnl_neigh_get_state(n);

	return state >= 0 && state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY |
				      NUD_PROBE | NUD_PERMANENT | NUD_NOARP);
}

/* Return: false when it is no usable IPv4 neighbour with an Ethernet address */
static bool take(struct rtnl_neigh *n, __be32 *addr, uint8_t mac[6])
{
	struct nl_addr *dst = rtnl_neigh_get_dst(n);
	struct nl_addr *ll = rtnl_neigh_get_lladdr(n);

	if (!usable(n) || !dst || nl_addr_get_family(dst) != AF_INET ||
	    nl_addr_get_len(dst) != 4 || !ll || nl_addr_get_len(ll) != 6)
		return false;
	memcpy(addr, nl_addr_get_binary_addr(dst), 4);
	memcpy(mac, nl_addr_get_binary_addr(ll), 6);
	return true;
}

static void neigh_changed(struct nl_cache *cache, struct nl_object *obj,
			  int action, void *data)
{
	struct rtnl_neigh *n = (struct rtnl_neigh *)obj;
	uint8_t mac[6];
	__be32 addr;

	(void)cache;
	(void)data;
	if (action != NL_ACT_DEL && take(n, &addr, mac))
		notify(rtnl_neigh_get_ifindex(n), addr, mac);
}

/* Take the notifications that are there. */
static void catch_up(void)
{
	int err = nl_cache_mngr_data_ready(manager);

	if (err >= 0)
		return;
	/* Some were lost: fetch the tables again. */
	log_debug("rtnetlink notifications: %s", nl_geterror(err));
	nl_cache_resync(sock, neighs, neigh_changed, NULL);
	nl_cache_resync(sock, addrs, NULL, NULL);
}

static void readable(struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	catch_up();
}

/** route_init - Return: 0 or a negative errno */
int route_init(neigh_fn changed)
{
	int err;

	notify = changed;
	err = nl_open_route(&routes);
	if (err)
		return err;
	sock = nl_socket_alloc();
	if (!sock)
		return -ENOMEM;
	err = nl_connect(sock, NETLINK_ROUTE);
	if (!err)
		err = nl_cache_mngr_alloc(NULL, NETLINK_ROUTE, NL_AUTO_PROVIDE,
					  &manager);
	if (!err)
		err = nl_cache_mngr_add(manager, "route/neigh", neigh_changed,
					NULL, &neighs);
	if (!err)
		err = nl_cache_mngr_add(manager, "route/addr", NULL, NULL, &addrs);
	if (err) {
		log_err("rtnetlink: %s", nl_geterror(err));
		return -EIO;
	}
	watch.fd = nl_cache_mngr_get_fd(manager);
	watch.fn = readable;
	return watch_add(&watch, EPOLLIN);
}

/**
 * route_lookup - ask the kernel for the route to an address
 * Not through libnl, which makes objects of the question and of the answer:
 * every connect() comes here.
 * Return: 0, -EHOSTUNREACH
 */
int route_lookup(__be32 daddr, struct route *r)
{
	struct nl_route a;

	memset(r, 0, sizeof(*r));
	if (nl_route(&routes, daddr, &a) || !a.oif ||
	    (a.type != RTN_LOCAL && a.type != RTN_UNICAST))
		return -EHOSTUNREACH;
	r->local = a.type == RTN_LOCAL;
	r->ifindex = a.oif;
	r->nexthop = a.gateway ? a.gateway : daddr;
	r->prefsrc = a.prefsrc;
	return 0;
}

static bool addr_cached(int ifindex, __be32 addr)
{
	struct nl_object *obj;
	struct nl_addr *local;

	for (obj = nl_cache_get_first(addrs); obj; obj = nl_cache_get_next(obj)) {
		if (rtnl_addr_get_ifindex((struct rtnl_addr *)obj) != ifindex)
			continue;
		local = rtnl_addr_get_local((struct rtnl_addr *)obj);
		if (local && nl_addr_get_family(local) == AF_INET &&
		    nl_addr_get_len(local) == 4 &&
		    !memcmp(nl_addr_get_binary_addr(local), &addr, 4))
			return true;
	}
	return false;
}

/** addr_exists - is this IPv4 address one of the device's? */
bool addr_exists(int ifindex, __be32 addr)
{
	if (addr_cached(ifindex, addr))
		return true;
	/* A new one's notification may not have been read yet. */
	catch_up();
	return addr_cached(ifindex, addr);
}

static struct nl_addr *ip(__be32 addr)
{
	return nl_addr_build(AF_INET, &addr, sizeof(addr));
}

/** neigh_lookup - Return: 0, -ENOENT when the address is not resolved */
int neigh_lookup(int ifindex, __be32 addr, uint8_t mac[6])
{
	struct nl_addr *dst = ip(addr);
	struct rtnl_neigh *n;
	int err = -ENOENT;
	__be32 found;

	if (!dst)
		return -ENOMEM;
	n = rtnl_neigh_get(neighs, ifindex, dst);
	nl_addr_put(dst);
	if (!n)
		return -ENOENT;
	if (take(n, &found, mac))
		err = 0;
	rtnl_neigh_put(n);
	return err;
}

/**
 * neigh_probe - make the kernel resolve an address
 * As sending a packet there would; the answer is a call of the neigh_fn.
 */
int neigh_probe(int ifindex, __be32 addr)
{
	struct rtnl_neigh *n = rtnl_neigh_alloc();
	struct nl_addr *dst = ip(addr);
	int err = -ENOMEM;

	if (n && dst) {
		rtnl_neigh_set_ifindex(n, ifindex);
		rtnl_neigh_set_family(n, AF_INET);
		rtnl_neigh_set_dst(n, dst);
		rtnl_neigh_set_flags(n, NTF_USE);
		rtnl_neigh_set_state(n, NUD_NONE);
		err = rtnl_neigh_add(sock, n, NLM_F_CREATE | NLM_F_REPLACE);
		if (err) {
			log_debug("probe: %s", nl_geterror(err));
			err = -EIO;
		}
	}
	if (dst)
		nl_addr_put(dst);
	if (n)
		rtnl_neigh_put(n);
	return err;
}
