/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What etrand knows of a transport.
 *
 * Tenants, NICs, next hops, ports, pins and records are the same for all of
 * them. What only one protocol has is in the folder of its name, which the rest
 * of etrand reaches through struct transport_ops; transports.c alone names it.
 */
#ifndef ETRAND_TRANSPORT_H
#define ETRAND_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>

#include "netlink.h"

struct etran_ctl_msg;
struct json_object;
struct tenant;

#define TRANSPORT_MAPS	16
#define TRANSPORT_PROGS	16

/* Maps that every transport has; its own ones come behind them. */
enum transport_map {
	MAP_TENANTS,		/* ours, not the object's: see record.c */
	MAP_PUB,		/* by tenant: what it may read of its connections */
	MAP_XSKS,		/* AF_XDP sockets, tenant * ETRAN_MAX_QUEUES + queue */
	MAP_PORTS,		/* by tenant: device that leads to its virtual port */
	NR_CORE_MAPS,
};

/* Programs that every transport has; its own ones come behind them. */
enum transport_prog {
	PROG_INGRESS,		/* XDP on a NIC */
	PROG_PORT,		/* XDP on the device of a virtual port */
	NR_CORE_PROGS,
};

/**
 * struct map_shape - what a map of an object must look like
 * @name: of the map and of its pin
 * @type: BPF_MAP_TYPE_*, 0: not checked
 * @key: bytes, 0: not checked
 * @value: bytes, 0: not checked
 * @entries: 0: not checked
 * @longer: there may be more than @value bytes, which only programs know
 */
struct map_shape {
	const char *name;
	uint32_t type;
	uint32_t key;
	uint32_t value;
	uint32_t entries;
	bool longer;
};

/**
 * struct transport_ops - what a transport does in etrand
 * @name: of the transport, of its struct_ops map, its object (NAME.bpf.o) and the
 *	directory of its pins
 * @state_version: pinned state of another one is replaced, not adopted
 * @pub_size: bytes of an entry in a tenant's map of connections
 * @maps: its own maps, from NR_CORE_MAPS on; all are pinned
 * @nr_maps: how many those are
 * @progs: names of its programs, those of enum transport_prog first; all but the
 *	members of its struct_ops map, which the link keeps
 * @nr_progs: how many those are
 * @init: before anything is loaded; 0 or a negative errno
 * @adopt: take over what a former etrand left in the maps; its tenants are known
 * @start: listen to the programs; 0 or a negative errno. Runs after @adopt
 * @stop: end of @start, if there was one; the maps are still there
 * @message: LISTEN, UNLISTEN, CONNECT, RELEASE or ABORT, well-formed and from a
 *	tenant in TENANT_READY; @fd: with LISTEN and CONNECT, the caller closes it
 * @neigh_changed: a link-layer address is known now, or is another one
 * @tenant_ended: the process is gone. What it closed in order goes on to its end
 *	in the tenant's entry, everything else is cut off
 * @tenant_cleared: cut off silently what is left; the entry is wanted, or the
 *	transport is gone
 * @status: add its counts to the answer to "status"
 * @flows: add its connections to a list
 *
 * All run in etrand's only thread and wait for nobody. All are there.
 */
struct transport_ops {
	const char *name;
	uint32_t state_version;
	uint32_t pub_size;
	const struct map_shape *maps;
	unsigned int nr_maps;
	const char * const *progs;
	unsigned int nr_progs;
	int (*init)(void);
	void (*adopt)(void);
	int (*start)(void);
	void (*stop)(void);
	void (*message)(struct tenant *t, const struct etran_ctl_msg *m, int fd);
	void (*neigh_changed)(int ifindex, __be32 addr, const uint8_t mac[6]);
	void (*tenant_ended)(struct tenant *t);
	void (*tenant_cleared)(struct tenant *t);
	void (*status)(struct json_object *root);
	void (*flows)(struct json_object *list);
};

/**
 * struct transport - the transport that this etrand serves
 * @ops: from main()'s first line on
 * @live: attached as far as we know
 * @adopted: found in pins, from a former etrand
 * @map: descriptors, -1 when not @live; enum transport_map and behind
 * @value_size: bytes of the values of each @map
 * @prog: descriptors, -1 when not @live; enum transport_prog and behind
 * @nl: to the module
 */
struct transport {
	const struct transport_ops *ops;
	bool live;
	bool adopted;
	int map[TRANSPORT_MAPS];
	uint32_t value_size[TRANSPORT_MAPS];
	int prog[TRANSPORT_PROGS];
	struct nl nl;
};

extern struct transport transport;

/* Those that are built in, NULL behind the last one. */
extern const struct transport_ops * const transports[];

#endif
